"""Every plugin installed here opens, plays, keeps its state and closes, but for those with a defect that is named."""

import pytest

from tests.plugins import survey

EXCLUDED = {
    # two ports of one designation are one to JUCE, which would hand the plugin nothing for the other
    "lv2:http://gareus.org/oss/lv2/xfade": "Stereo DJ X-Fade has 4 audio inputs, of which minihost finds 2; choose another",
}


@pytest.mark.timeout(600)
def test_all_but_those_with_a_named_defect(capsys: pytest.CaptureFixture[str]) -> None:
    plugins = survey.installed()
    if not plugins:
        pytest.skip("no plugins are installed: sudo apt install zam-plugins mda-lv2 x42-plugins lv2-examples")
    found = survey.survey(plugins)
    with capsys.disabled():
        print(f"\n{survey.table(found)}")
    assert set(found) == {name for name, _ in plugins}
    wrong = {name: why for name, why in found.items() if why}
    assert {name for name, why in wrong.items() if EXCLUDED.get(name, "never") not in why} == set()
