"""What the daemon answers, as lines for a person."""

from collections.abc import Callable
from typing import Any


def lines(cmd: str, result: Any) -> list[str]:
    """A command's result."""
    return _SAID.get(cmd, _plainly)(result)


def _list(rack: dict[str, Any]) -> list[str]:
    """The rack as a tree."""
    lines = [f"{rack['preset'] or 'no preset'}{', latency ' + str(rack['latency_samples']) + ' samples'}"]
    for chain in rack["chains"]:
        lines.append(f"{chain['name']}  {_levels(chain)}")
        for plugin in chain["plugins"]:
            flags = [f"[{plugin['state']}] {plugin['error']}"] if plugin["state"] != "on" else []
            flags += ["bypassed"] if plugin["bypass"] else []
            flags += [f"mix {plugin['mix']:.2f}"] if plugin["mix"] != 1.0 else []
            load = plugin["load"]
            work = f"{load['mean_us']:.0f} us" if load else ""
            title = plugin["title"] or plugin["plugin"]
            lines.append(f"  {plugin['name']:16} {title:28} {work:>8}  {', '.join(flags)}".rstrip())
    for number, name in enumerate(rack["snapshots"], 1):
        lines.append(f"snapshot {number}: {name}{' (now)' if name == rack['snapshot'] else ''}")
    return lines


def _levels(chain: dict[str, Any]) -> str:
    said = [f"{chain['input']} -> {chain['to']}", f"{chain['gain_db']:+.1f} dB"]
    said += [f"pan {chain['pan']:+.2f}"] if chain["pan"] else []
    said += [f"mix {chain['mix']:.2f}"] if chain["mix"] != 1.0 else []
    said += ["muted"] if chain["mute"] else []
    said += ["isolated"] if chain["isolate"] else []
    said += [f"midi {', '.join(chain['midi'])}"] if chain["midi"] else []
    said += [f"sends {send['gain_db']:+.1f} dB to {send['to']}" for send in chain["sends"]]
    return ", ".join(said)


def _plugins(found: dict[str, Any]) -> list[str]:
    lines = [f"{one['title']:32} {one['vendor'][:20]:20} {one['name']}" for one in found["plugins"]]
    left = found["count"] - len(found["plugins"])
    if not lines:
        return ["none; `jamd plugins scan` finds those that are new"]
    return lines + ([f"and {left} more; give more words"] if left > 0 else [])


def _info(info: dict[str, Any]) -> list[str]:
    lines = [
        f"{info['title']} {info['version']} by {info['vendor'] or 'nobody named'}",
        f"{info['name']}",
        f"{info['inputs']} in, {info['outputs']} out, side-chain {info['side_inputs']}, "
        f"latency {info['latency_samples']} samples",
    ]
    lines += [f"program {k}: {name}" for k, name in enumerate(info["programs"])]
    return lines + [_param(param) for param in info["params"]]


def _get(found: dict[str, Any]) -> list[str]:
    return [_param(param) for param in found["params"]]


def _param(param: dict[str, Any]) -> str:
    value = param.get("value", param.get("default", 0.0))
    return f"  {param['id']:16} {param['name']:24} {value:.3f}  {param.get('text', '')}".rstrip()


def _maps(found: dict[str, Any]) -> list[str]:
    lines = []
    for number, one in enumerate(found["mappings"], 1):
        source = f"{one['kind']} {one.get('number', 'any')}"
        source += f" channel {one['channel']}" if one.get("channel") else ""
        source += f" of {one['port']}" if one.get("port") else ""
        target = {
            "param": f"{one.get('plugin')} {one.get('param')}",
            "bypass": f"bypass of {one.get('plugin')}",
            "jam": f"jam {one.get('jam')}",
        }
        lines.append(f"{number}: {source} -> {target.get(one['to'], 'snapshot ' + str(one.get('snapshot', 0) + 1))}")
    return lines or ["no mappings"]


def _load(result: dict[str, Any]) -> list[str]:
    return [f"{result['preset']} ({result['path']})", *(f"left out: {line}" for line in result["problems"])]


def _jam(result: dict[str, Any]) -> list[str]:
    """The band, a line for each part."""
    state = result["state"]
    if not state:
        return ["nobody plays along; `jamd ctl jam on` lets the band play"]
    lines = [
        f"{state['mode']}, {state['phase']}, {state['bars']} bars, {state['tempo_bpm']:g} BPM, {state['meter']}"
        f"{', ' + state['key'] if state['key'] else ''}{', ' + state['style'] if state['style'] else ''}"
    ]
    for part in state["parts"]:
        instead = f" (by {part['plays']} until it is there)" if part["plays"] not in ("", part["generator"]) else ""
        said = f"{part['generator']}{instead}, channel {part['channel']}, {', '.join(part['ports'])}"
        lines.append(f"  {part['name']:8} {said if part['on'] else 'off'}")
    return lines


def _clock(result: dict[str, Any]) -> list[str]:
    """The transport, a line for each source."""
    if not result:  # it is done
        return []
    who = result["source"] or "nobody"
    bar, beat = divmod(result["beat"], result["beats_per_bar"])
    lines = [
        f"{who} leads{'' if result['chosen'] == 'auto' else ' (chosen: ' + result['chosen'] + ')'}, "
        f"{result['tempo_bpm']:.2f} BPM, {'playing' if result['playing'] else 'stopped'}, "
        f"bar {int(bar) + 1}, beat {int(beat) + 1} of {result['beats_per_bar']}"
    ]
    for name, source in sorted(result["sources"].items(), key=lambda one: (*result["order"], one[0]).index(one[0])):
        order = "" if name in result["order"] else " (only when chosen)"
        lines.append(f"  {name:12} {format(source['tempo_bpm'], '.2f') + ' BPM' if source['there'] else '-'}{order}")
    return lines + [f"  to {name:20} {state}" for name, state in result["outputs"].items()]


def _next(result: dict[str, Any]) -> list[str]:
    """Suggestions, each with its reasons below it."""
    lines = [f"after {result['after']}"] if result["after"] else []
    for place, item in enumerate(result["items"], 1):
        facts = f"{item['tempo_bpm']:6.1f} {item['key']:>3}  {item['score']:.2f} {item['family']}"
        lines.append(f"{place:2} #{item['id']:<6} {_titled(item):44} {facts}")
        lines += [f"           {part['text']}" for part in item["parts"] if part["text"]]
        lines += [f"           {item['transition']}"] if item["transition"] else []
    return lines or ["nothing fits; `jamd ctl next wish --reset` takes back what is wished for"]


def _next_show(result: dict[str, Any]) -> list[str]:
    session, playing = result["session"], result["playing"]
    lines = [f"session {session['session_id']}: {session['count']} played"]
    lines += [f"  #{play['id']:<6} {_titled(play):44} ({play['source']})" for play in session["plays"]]
    lines.append(
        f"now: {_titled(playing) or 'nothing known'}{' (' + playing['source'] + ')' if playing['source'] else ''}"
    )
    return [*lines, f"wishes: {_plainly(session['wishes'])[0]}"]


def _titled(item: dict[str, Any]) -> str:
    return " - ".join(filter(None, (item["artist"], item["title"])))


def _named(result: dict[str, Any]) -> list[str]:
    said = f": {result['verdict']}" if "verdict" in result else " plays"
    return [f"#{result['id']} {_titled(result)}{said}"]


def _take(result: dict[str, Any]) -> list[str]:
    return [f"{result['path']}: {result['seconds']:.1f} s"] if result else ["it can be saved"]


def _takes(found: dict[str, Any]) -> list[str]:
    lines = [take["path"] for take in found["takes"]] or ["no takes yet; `jamd ctl take` saves what just happened"]
    if "folder" in found:
        lost = f", lost {found['lost_s']:.2f} s and {found['lost_messages']} messages"
        lines.insert(0, f"{found['folder']}: {found['seconds']:.0f} s of at most {60 * found['minutes']:.0f}{lost}")
    return lines + ([found["error"]] if found.get("error") else [])


def _plainly(result: Any) -> list[str]:
    """`plugin comp, on True`."""
    if not isinstance(result, dict):
        return [str(result)]
    return [", ".join(f"{name} {value}" for name, value in result.items() if value not in ("", [], None))]


_SAID: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "list": _list,
    "take": _take,
    "take_show": _takes,
    "plugins": _plugins,
    "info": _info,
    "get": _get,
    "map_list": _maps,
    "load": _load,
    "jam_show": _jam,
    "clock_show": _clock,
    "clock": _clock,
    "clock_tap": _clock,
    "clock_run": _clock,
    "next": _next,
    "next_show": _next_show,
    "next_played": _named,
    "next_verdict": _named,
}
