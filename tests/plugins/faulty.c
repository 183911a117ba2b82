/* Two CLAP plugins for the tests: an effect that misbehaves on demand, and a synth whose every sample is known.

   org.jamd.test.faulty  stereo effect, delayed by `latency` samples (after a restart), times `gain`; hands notes on.
                         `fault`: 0 none, 1 segfault, 2 hang, 3 NaN, 4 sleep 20 ms a block, 5 infinity and denormals.
                         A note-on of key 0 sets `gain` to twice its velocity, and says so.
                         1 and 2 happen in the block in which it is set, not where it is restored outside of one.
   org.jamd.test.synth   a note is velocity * gain * cos(2 pi f t) with t = 0 at its sample; a note-off ends it at its own.

   Built with -DCRASH or -DHANG, making a plugin does so; with -DLOUD, it prints, and aborts where it finds a display;
   with -DBOMB, closing one breaks the making of the next in the same process. A host that calls from the wrong thread,
   or gives events out of order, is told on stderr and aborted. The structs are CLAP 1.2's, as far as they are used. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { uint32_t major, minor, revision; } version_t;
typedef struct { uint32_t size, time; uint16_t space, type; uint32_t flags; } event_t;
typedef struct { event_t header; int32_t note_id; int16_t port, channel, key; double velocity; } note_t;
typedef struct {
    event_t header; uint32_t id; void *cookie; int32_t note_id; int16_t port, channel, key; double value;
} change_t;
typedef struct in_events {
    void *ctx; uint32_t (*size)(const struct in_events *); const event_t *(*get)(const struct in_events *, uint32_t);
} in_events_t;
typedef struct out_events { void *ctx; bool (*try_push)(const struct out_events *, const event_t *); } out_events_t;
typedef struct { float **channels; double **doubles; uint32_t n_channels, latency; uint64_t constant_mask; } audio_t;
typedef struct {
    int64_t steady_time; uint32_t n; const void *transport; const audio_t *inputs; audio_t *outputs;
    uint32_t n_inputs, n_outputs; const in_events_t *in; const out_events_t *out;
} process_t;
typedef struct host {
    version_t version; void *data; const char *name, *vendor, *url, *own_version;
    const void *(*get_extension)(const struct host *, const char *);
    void (*request_restart)(const struct host *), (*request_process)(const struct host *);
    void (*request_callback)(const struct host *);
} host_t;
typedef struct { bool (*is_main)(const host_t *), (*is_audio)(const host_t *); } threads_t;
typedef struct {
    version_t version; const char *id, *name, *vendor, *url, *manual, *support, *own_version, *description;
    const char *const *features;
} descriptor_t;
typedef struct plugin {
    const descriptor_t *descriptor; void *data;
    bool (*init)(const struct plugin *); void (*destroy)(const struct plugin *);
    bool (*activate)(const struct plugin *, double, uint32_t, uint32_t); void (*deactivate)(const struct plugin *);
    bool (*start)(const struct plugin *); void (*stop)(const struct plugin *); void (*reset)(const struct plugin *);
    int32_t (*process)(const struct plugin *, const process_t *);
    const void *(*get_extension)(const struct plugin *, const char *);
    void (*on_main_thread)(const struct plugin *);
} plugin_t;
typedef struct { uint32_t id; char name[256]; uint32_t flags, channels; const char *kind; uint32_t in_place; } audio_port_t;
typedef struct {
    uint32_t (*count)(const plugin_t *, bool); bool (*get)(const plugin_t *, uint32_t, bool, audio_port_t *);
} audio_ports_t;
typedef struct { uint32_t id, dialects, preferred; char name[256]; } note_port_t;
typedef struct {
    uint32_t (*count)(const plugin_t *, bool); bool (*get)(const plugin_t *, uint32_t, bool, note_port_t *);
} note_ports_t;
typedef struct { uint32_t id, flags; void *cookie; char name[256], module[1024]; double least, most, normal; } param_t;
typedef struct {
    uint32_t (*count)(const plugin_t *); bool (*info)(const plugin_t *, uint32_t, param_t *);
    bool (*value)(const plugin_t *, uint32_t, double *);
    bool (*to_text)(const plugin_t *, uint32_t, double, char *, uint32_t);
    bool (*from_text)(const plugin_t *, uint32_t, const char *, double *);
    void (*flush)(const plugin_t *, const in_events_t *, const out_events_t *);
} params_t;
typedef struct stream { void *ctx; int64_t (*move)(const struct stream *, void *, uint64_t); } stream_t;
typedef struct { bool (*save)(const plugin_t *, const stream_t *), (*load)(const plugin_t *, const stream_t *); } state_t;
typedef struct { uint32_t (*get)(const plugin_t *); } latency_t;
typedef struct {
    version_t version; bool (*init)(const char *); void (*deinit)(void); const void *(*get_factory)(const char *);
} entry_t;
typedef struct factory {
    uint32_t (*count)(const struct factory *); const descriptor_t *(*descriptor)(const struct factory *, uint32_t);
    const plugin_t *(*create)(const struct factory *, const host_t *, const char *);
} factory_t;

enum { NOTE_ON = 0, NOTE_OFF = 1, PARAM = 5, MOST_LATENCY = 1000, LINE = 1024, VOICES = 32, PARAMS = 3 };
enum { STEPPED = 1, AUTOMATABLE = 32 };
typedef struct { const char *name; double least, most, normal; uint32_t flags; const char *format; } row_t;
typedef struct { int key, channel; double t, gain; } voice_t;
typedef struct {
    plugin_t plugin; const host_t *host; const threads_t *threads; bool is_synth; int n_params; const row_t *rows;
    double values[PARAMS], rate; int latency; long written; float line[2][LINE]; voice_t voices[VOICES];
} own_t;

static const char *const FEATURES[2][3] = {{"audio-effect", "stereo", NULL}, {"instrument", "synthesizer", NULL}};
static const descriptor_t DESCRIPTORS[2] = {
    {{1, 2, 2}, "org.jamd.test.faulty", "Faulty", "jamd", "", "", "", "1.0", "Misbehaves on demand", FEATURES[0]},
    {{1, 2, 2}, "org.jamd.test.synth", "Cosine", "jamd", "", "", "", "1.0", "Exact to the sample", FEATURES[1]}};
static const char *const FAULTS[] = {"none", "segfault", "hang", "NaN", "sleep", "infinity"};
static const row_t ROWS[2][PARAMS] = {
    {{"Gain", 0, 2, 1, AUTOMATABLE, "%.3f"}, {"Fault", 0, 5, 0, AUTOMATABLE | STEPPED, ""},
     {"Latency", 0, MOST_LATENCY, 0, AUTOMATABLE | STEPPED, "%.0f samples"}},
    {{"Gain", 0, 2, 1, AUTOMATABLE, "%.3f"}, {"Transpose", -12, 12, 0, AUTOMATABLE | STEPPED, "%.0f semitones"}}};

static own_t *own(const plugin_t *p) { return (own_t *)p->data; }

static void check(const own_t *o, bool is_right, const char *what) {
    if (is_right) return;
    fprintf(stderr, "%s: the host is wrong: %s\n", o->plugin.descriptor->id, what);
    abort();
}
static void main_thread(const plugin_t *p, const char *what) {
    check(own(p), own(p)->threads->is_main(own(p)->host), what);
}
static void audio_thread(const plugin_t *p, const char *what) {
    check(own(p), own(p)->threads->is_audio(own(p)->host), what);
}

static void nap(long ns) { struct timespec t = {0, ns}; nanosleep(&t, NULL); }

/* parameters; ids are the index plus 10 */
static uint32_t params_count(const plugin_t *p) { return own(p)->n_params; }
static bool params_info(const plugin_t *p, uint32_t k, param_t *out) {
    if (k >= params_count(p)) return false;
    const row_t *row = &own(p)->rows[k];
    memset(out, 0, sizeof *out);
    out->id = k + 10; out->flags = row->flags; out->least = row->least; out->most = row->most; out->normal = row->normal;
    snprintf(out->name, sizeof out->name, "%s", row->name);
    return true;
}
static bool params_value(const plugin_t *p, uint32_t id, double *value) {
    if (id - 10 >= params_count(p)) return false;
    *value = own(p)->values[id - 10];
    return true;
}
static bool params_to_text(const plugin_t *p, uint32_t id, double value, char *text, uint32_t size) {
    if (id - 10 >= params_count(p)) return false;
    const char *format = own(p)->rows[id - 10].format;
    if (*format) snprintf(text, size, format, value);
    else snprintf(text, size, "%s", FAULTS[(int)value]);
    return true;
}
static bool params_from_text(const plugin_t *p, uint32_t id, const char *text, double *value) {
    if (id - 10 >= params_count(p)) return false;
    for (int k = 0; !*own(p)->rows[id - 10].format && k < 6; ++k)
        if (!strcmp(text, FAULTS[k])) { *value = k; return true; }
    char *end;
    *value = strtod(text, &end);
    return end != text;
}
static void take(own_t *o, const event_t *event, bool in_block) {
    if (event->space || event->type != PARAM) return;
    const change_t *change = (const change_t *)event;
    const int k = (int)change->id - 10;
    if (k < 0 || k >= o->n_params) return;
    const double value = fmin(fmax(change->value, o->rows[k].least), o->rows[k].most);
    o->values[k] = value;
    if (o->is_synth) return;
    if (k == 1 && in_block && value == 1) *(volatile int *)0 = 0;
    if (k == 1 && in_block && value == 2) for (;;) nap(100000000);
    if (k == 2 && (int)value != o->latency) o->host->request_restart(o->host);
}
static void params_flush(const plugin_t *p, const in_events_t *in, const out_events_t *out) {
    audio_thread(p, "params.flush of an active plugin off the audio thread");
    for (uint32_t k = 0; k < in->size(in); ++k) take(own(p), in->get(in, k), false);
    (void)out;
}
static const params_t PARAMS_EXTENSION = {
    params_count, params_info, params_value, params_to_text, params_from_text, params_flush};

/* state: a word and the values */
static const char MAGIC[8] = "jamdtest";
static bool move_all(const stream_t *stream, void *data, uint64_t size) {
    for (uint64_t done = 0; done < size;) {
        const int64_t moved = stream->move(stream, (char *)data + done, size - done);
        if (moved <= 0) return false;
        done += moved;
    }
    return true;
}
static bool state_save(const plugin_t *p, const stream_t *stream) {
    main_thread(p, "state.save off the main thread");
    return move_all(stream, (void *)MAGIC, sizeof MAGIC) && move_all(stream, own(p)->values, sizeof own(p)->values);
}
static bool state_load(const plugin_t *p, const stream_t *stream) {
    main_thread(p, "state.load off the main thread");
    char magic[8];
    double values[PARAMS];
    if (!move_all(stream, magic, sizeof magic) || memcmp(magic, MAGIC, sizeof magic)) return false;
    if (!move_all(stream, values, sizeof values)) return false;
    memcpy(own(p)->values, values, sizeof values);
    if (!own(p)->is_synth && (int)values[2] != own(p)->latency) own(p)->host->request_restart(own(p)->host);
    return true;
}
static const state_t STATE_EXTENSION = {state_save, state_load};

static uint32_t latency_get(const plugin_t *p) { return own(p)->latency; }
static const latency_t LATENCY_EXTENSION = {latency_get};

static uint32_t audio_count(const plugin_t *p, bool is_input) { return !(own(p)->is_synth && is_input); }
static bool audio_get(const plugin_t *p, uint32_t k, bool is_input, audio_port_t *out) {
    if (k >= audio_count(p, is_input)) return false;
    memset(out, 0, sizeof *out);
    out->flags = 1; out->channels = 2; out->kind = "stereo"; out->in_place = UINT32_MAX;
    snprintf(out->name, sizeof out->name, "%s", is_input ? "In" : "Out");
    return true;
}
static const audio_ports_t AUDIO_EXTENSION = {audio_count, audio_get};

static uint32_t notes_count(const plugin_t *p, bool is_input) { return is_input || !own(p)->is_synth; }
static bool notes_get(const plugin_t *p, uint32_t k, bool is_input, note_port_t *out) {
    if (k >= notes_count(p, is_input)) return false;
    memset(out, 0, sizeof *out);
    out->dialects = out->preferred = 1;
    snprintf(out->name, sizeof out->name, "%s", "Notes");
    return true;
}
static const note_ports_t NOTES_EXTENSION = {notes_count, notes_get};

/* sound */
static void effect(own_t *o, const process_t *b, uint32_t from, uint32_t to) {
    for (int c = 0; c < 2; ++c)
        for (uint32_t i = from; i < to; ++i) {
            const long at = o->written + i;
            o->line[c][at % LINE] = b->inputs[0].channels[c][i];
            const long then = at - o->latency;
            float y = then < 0 ? 0.0f : o->line[c][then % LINE] * (float)o->values[0];
            if (o->values[1] == 3) y = NAN;
            if (o->values[1] == 5) y = c ? 1e-40f : INFINITY;
            b->outputs[0].channels[c][i] = y;
        }
}
static void synth(own_t *o, const process_t *b, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; ++i) {
        double y = 0;
        for (int v = 0; v < VOICES; ++v) {
            voice_t *voice = &o->voices[v];
            if (voice->gain == 0) continue;
            const double hz = 440 * exp2((voice->key + o->values[1] - 69) / 12);
            y += voice->gain * cos(2 * M_PI * hz * voice->t++ / o->rate);
        }
        b->outputs[0].channels[0][i] = b->outputs[0].channels[1][i] = (float)(y * o->values[0]);
    }
}
static void note(own_t *o, const event_t *event, const process_t *b) {
    if (event->space || event->type > NOTE_OFF) return;
    const note_t *n = (const note_t *)event;
    if (!o->is_synth) {
        b->out->try_push(b->out, event);
        if (event->type == NOTE_ON && n->key == 0) {
            o->values[0] = 2 * n->velocity;
            const change_t said = {{sizeof said, event->time, 0, PARAM, 0}, 10, NULL, -1, -1, -1, -1, o->values[0]};
            b->out->try_push(b->out, &said.header);
        }
        return;
    }
    for (int v = 0; v < VOICES; ++v) {
        voice_t *voice = &o->voices[v];
        const bool is_it = voice->gain != 0 && voice->key == n->key && voice->channel == n->channel;
        if (event->type == NOTE_OFF ? is_it : voice->gain == 0) {
            *voice = (voice_t){n->key, n->channel, 0, event->type == NOTE_ON ? n->velocity : 0};
            return;
        }
    }
}
static int32_t process(const plugin_t *p, const process_t *b) {
    own_t *o = own(p);
    audio_thread(p, "process off the audio thread");
    uint32_t at = 0;
    for (uint32_t k = 0; k < b->in->size(b->in); ++k) {
        const event_t *event = b->in->get(b->in, k);
        check(o, event->time >= at && event->time < b->n, "events out of order, or out of the block");
        if (o->is_synth) synth(o, b, at, event->time); else effect(o, b, at, event->time);
        at = event->time;
        take(o, event, true);
        note(o, event, b);
    }
    if (o->is_synth) synth(o, b, at, b->n); else effect(o, b, at, b->n);
    o->written += b->n;
    if (!o->is_synth && o->values[1] == 4) nap(20000000);
    return 1;
}

/* life */
static bool init(const plugin_t *p) {
    own_t *o = own(p);
    o->threads = o->host->get_extension(o->host, "clap.thread-check");
    check(o, o->threads != NULL, "no clap.thread-check");
    main_thread(p, "init off the main thread");
    return true;
}
static void destroy(const plugin_t *p) {
    free(own(p));
#ifdef BOMB
    setenv("JAMD_TEST_BOMB", "1", 1);
#endif
}
static bool activate(const plugin_t *p, double rate, uint32_t least, uint32_t most) {
    own_t *o = own(p);
    main_thread(p, "activate off the main thread");
    o->rate = rate; o->written = 0; o->latency = o->is_synth ? 0 : (int)o->values[2];
    memset(o->line, 0, sizeof o->line); memset(o->voices, 0, sizeof o->voices);
    return least > 0 && most >= least;
}
static void deactivate(const plugin_t *p) { main_thread(p, "deactivate off the main thread"); }
static bool start(const plugin_t *p) { audio_thread(p, "start_processing off the audio thread"); return true; }
static void stop(const plugin_t *p) { audio_thread(p, "stop_processing off the audio thread"); }
static void reset(const plugin_t *p) { memset(own(p)->voices, 0, sizeof own(p)->voices); }
static void on_main_thread(const plugin_t *p) { main_thread(p, "on_main_thread off it"); }
static const void *get_extension(const plugin_t *p, const char *id) {
    (void)p;
    if (!strcmp(id, "clap.params")) return &PARAMS_EXTENSION;
    if (!strcmp(id, "clap.state")) return &STATE_EXTENSION;
    if (!strcmp(id, "clap.latency")) return &LATENCY_EXTENSION;
    if (!strcmp(id, "clap.audio-ports")) return &AUDIO_EXTENSION;
    if (!strcmp(id, "clap.note-ports")) return &NOTES_EXTENSION;
    return NULL;
}

static uint32_t factory_count(const factory_t *f) { (void)f; return 2; }
static const descriptor_t *factory_descriptor(const factory_t *f, uint32_t k) {
    (void)f;
    return k < 2 ? &DESCRIPTORS[k] : NULL;
}
static const plugin_t *factory_create(const factory_t *f, const host_t *host, const char *id) {
    (void)f;
#ifdef LOUD
    for (int k = 0; k < 1000; ++k) puts("{\"done\": true}");
    fflush(stdout);
    if (getenv("DISPLAY")) abort();
#endif
#ifdef BOMB
    if (getenv("JAMD_TEST_BOMB")) abort();
#endif
#ifdef CRASH
    *(volatile int *)0 = 0;
#endif
#ifdef HANG
    for (;;) nap(100000000);
#endif
    for (int k = 0; k < 2; ++k) {
        if (strcmp(id, DESCRIPTORS[k].id)) continue;
        own_t *o = calloc(1, sizeof *o);
        o->host = host; o->is_synth = k == 1; o->rows = ROWS[k]; o->n_params = k ? 2 : 3;
        for (int i = 0; i < o->n_params; ++i) o->values[i] = o->rows[i].normal;
        o->plugin = (plugin_t){&DESCRIPTORS[k], o, init, destroy, activate, deactivate, start, stop, reset, process,
                               get_extension, on_main_thread};
        return &o->plugin;
    }
    return NULL;
}
static const factory_t FACTORY = {factory_count, factory_descriptor, factory_create};
static bool entry_init(const char *path) { (void)path; return true; }
static void entry_deinit(void) {}
static const void *entry_factory(const char *id) { return strcmp(id, "clap.plugin-factory") ? NULL : &FACTORY; }

#ifndef NO_ENTRY
__attribute__((visibility("default"))) const entry_t clap_entry = {{1, 2, 2}, entry_init, entry_deinit, entry_factory};
#else
__attribute__((visibility("default"))) const entry_t another_entry = {{1, 2, 2}, entry_init, entry_deinit, entry_factory};
#endif
