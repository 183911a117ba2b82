"""The floor: what a C program costs that runs the same LV2 plugins one after the other, and does nothing else."""

import ctypes
import ctypes.util
import shutil
import subprocess
import tempfile
from pathlib import Path

from daemon.bench.peer import INSTALL, PeerError
from daemon.bench.server import RATE
from daemon.rack.records import PART

SOURCE = r"""
#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PLUGINS = 8, PORTS = 128, SAMPLES = 1024 };

/* What LV2, liblilv and jamd's BLOCK look like. */
struct lv2 {
    const char *uri;
    void *(*instantiate)(void);
    void (*connect)(void *, uint32_t, void *);
    void (*activate)(void *);
    void (*run)(void *, uint32_t);
};
struct instance { const struct lv2 *plugin; void *handle; };
struct feature { const char *uri; const void *data; };
struct option { int context; uint32_t subject, key, size, type; const void *value; };
struct map { void *handle; uint32_t (*map)(void *, const char *); };
struct block { int64_t n, sample_time; double rate; float *inputs[2], *outputs[2]; };

struct link {
    struct instance *instance;
    int n_in, n_out;
    uint32_t in[2], out[2];
    float controls[PORTS], sound[2][SAMPLES];
};
struct chain { int n; struct link links[PLUGINS]; float silence[SAMPLES]; };

static char *uris[256];

static uint32_t map(void *handle, const char *uri)
{
    uint32_t k = 0;
    while (k < 255 && uris[k] && strcmp(uris[k], uri)) k++;
    if (!uris[k]) uris[k] = strdup(uri);
    return k + 1;
}

void play(const struct block *block, struct chain *chain)
{
    struct link *first = chain->links, *last = first + chain->n - 1;
    for (int c = 0; c < first->n_in; c++)
        first->instance->plugin->connect(first->instance->handle, first->in[c], block->inputs[c]);
    for (int c = 0; c < last->n_out; c++)
        last->instance->plugin->connect(last->instance->handle, last->out[c], block->outputs[c]);
    for (struct link *link = first; link <= last; link++)
        link->instance->plugin->run(link->instance->handle, block->n);
}

#define LV2 "http://lv2plug.in/ns/"
#define LILV(result, name, arguments) result (*name) arguments = dlsym(lilv, "lilv_" #name)

struct chain *open_chain(const char *library, const char **names, int n, double rate)
{
    void *lilv = dlopen(library, RTLD_NOW);
    if (!lilv) return NULL;
    LILV(void *, world_new, (void));
    LILV(void, world_load_all, (void *));
    LILV(void *, new_uri, (void *, const char *));
    LILV(const void *, world_get_all_plugins, (void *));
    LILV(const void *, plugins_get_by_uri, (const void *, const void *));
    LILV(uint32_t, plugin_get_num_ports, (const void *));
    LILV(void *, plugin_get_port_by_index, (const void *, uint32_t));
    LILV(void, plugin_get_port_ranges_float, (const void *, float *, float *, float *));
    LILV(bool, port_is_a, (const void *, const void *, const void *));
    LILV(bool, port_has_property, (const void *, const void *, const void *));
    LILV(struct instance *, plugin_instantiate, (const void *, double, const struct feature *const *));

    void *world = world_new();
    world_load_all(world);
    void *audio = new_uri(world, LV2 "lv2core#AudioPort"), *control = new_uri(world, LV2 "lv2core#ControlPort");
    void *input = new_uri(world, LV2 "lv2core#InputPort"), *side = new_uri(world, LV2 "lv2core#isSideChain");

    static struct map urid = { NULL, map };
    static int32_t most = SAMPLES;
    static float hertz;
    static struct option options[3];
    hertz = rate;
    options[0] = (struct option){ 0, 0, map(0, LV2 "ext/buf-size#maxBlockLength"), 4, map(0, LV2 "ext/atom#Int"), &most };
    options[1] = (struct option){ 0, 0, map(0, LV2 "ext/parameters#sampleRate"), 4, map(0, LV2 "ext/atom#Float"), &hertz };
    const struct feature features[] = {
        { LV2 "ext/urid#map", &urid }, { LV2 "ext/options#options", options },
        { LV2 "ext/buf-size#boundedBlockLength", NULL },
    };
    const struct feature *const given[] = { features, features + 1, features + 2, NULL };

    struct chain *chain = calloc(1, sizeof *chain);
    chain->n = n;
    for (int k = 0; k < n; k++) {
        struct link *link = chain->links + k;
        const void *plugin = plugins_get_by_uri(world_get_all_plugins(world), new_uri(world, names[k]));
        link->instance = plugin ? plugin_instantiate(plugin, rate, given) : NULL;
        if (!link->instance || plugin_get_num_ports(plugin) > PORTS) return NULL;
        plugin_get_port_ranges_float(plugin, NULL, NULL, link->controls);
        for (uint32_t port = 0; port < plugin_get_num_ports(plugin); port++) {
            void *one = plugin_get_port_by_index(plugin, port);
            float *target = NULL;
            if (port_is_a(plugin, one, control))
                target = link->controls + port;
            else if (!port_is_a(plugin, one, audio))
                return NULL;
            else if (!port_is_a(plugin, one, input))
                target = link->sound[link->n_out], link->out[link->n_out++] = port;
            else if (link->n_in == 2 || port_has_property(plugin, one, side))
                target = chain->silence;
            else {
                target = k ? link[-1].sound[link->n_in] : chain->silence;
                link->in[link->n_in++] = port;
            }
            link->instance->plugin->connect(link->instance->handle, port, target);
        }
        if (link->instance->plugin->activate) link->instance->plugin->activate(link->instance->handle);
    }
    return chain;
}
"""


class CLoop:
    """A chain of LV2 plugins in C. They are never closed: the benchmark's process ends soon. [main]"""

    def __init__(self, titles: tuple[str, ...]) -> None:
        """Compile it and open the plugins. Raises PeerError."""
        assert PART == 1024, "SAMPLES"
        compiler = shutil.which("cc")
        if compiler is None:
            raise PeerError("there is no C compiler: sudo apt install gcc libc6-dev")
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder) / "loop.c", Path(folder) / "loop.so"
            source.write_text(SOURCE)
            command = [compiler, "-O2", "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise PeerError(f"cc fails (sudo apt install gcc libc6-dev): {done.stderr.strip().splitlines()[-1]}")
            self._c = ctypes.CDLL(str(library))
        self._c.open_chain.restype = ctypes.c_void_p
        lilv = ctypes.util.find_library("lilv-0") or "liblilv-0.so.0"
        names = (ctypes.c_char_p * len(titles))(*(f"urn:zamaudio:{title}".encode() for title in titles))
        chain = self._c.open_chain(lilv.encode(), names, len(titles), ctypes.c_double(RATE))
        if not chain:
            raise PeerError(f"liblilv does not open {' '.join(titles)}: {INSTALL}")
        play = ctypes.cast(self._c.play, ctypes.c_void_p).value
        assert play is not None
        self.native = play, int(chain)
        """As the engine's plugin slot takes it: void play(BLOCK*, own), and own."""
