/* LV2 instruments that go wrong, one each, by the end of their URIs; and two that are right in an odd way. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

typedef struct Descriptor {
    const char *uri;
    void *(*instantiate)(const struct Descriptor *, double, const char *, const void *const *);
    void (*connect_port)(void *, uint32_t, void *);
    void (*activate)(void *);
    void (*run)(void *, uint32_t);
    void (*deactivate)(void *);
    void (*cleanup)(void *);
    const void *(*extension_data)(const char *);
} Descriptor;

typedef struct { uint32_t size, type, unit, pad; } Sequence;
typedef struct { int64_t frames; uint32_t size, type; uint8_t data[]; } Event;
typedef struct { char kind; void *port[3]; int64_t now, begins; } Synth;

enum { LATE = 1000 }; /* samples, of "late" */

static int before; /* notes played by this library, of "moody" */

static void *instantiate(const Descriptor *own, double rate, const char *path, const void *const *features) {
    (void)rate, (void)path, (void)features;
    Synth *synth = calloc(1, sizeof *synth);
    synth->kind = strrchr(own->uri, ':')[1];
    synth->begins = -1;
    return synth;
}

static void connect_port(void *self, uint32_t port, void *where) { ((Synth *)self)->port[port] = where; }

static void run(void *self, uint32_t n) {
    Synth *synth = self;
    const Sequence *midi = synth->port[0];
    float *out = synth->port[1];
    *(float *)synth->port[2] = synth->kind == 'l' ? LATE : 0;
    if (n == 0) return;
    const uint8_t *at = (const uint8_t *)(midi + 1), *end = (const uint8_t *)midi + 8 + midi->size;
    for (; at < end; at += (sizeof(Event) + ((const Event *)at)->size + 7) / 8 * 8) {
        const Event *event = (const Event *)at;
        if (event->data[0] != 0x90) continue;
        before++;
        synth->begins = synth->now + event->frames + (synth->kind == 'l' ? LATE : 0);
        if (synth->kind == 'c') abort();
        while (synth->kind == 'h') {}
    }
    for (uint32_t k = 0; k < n; k++, synth->now++) {
        int on = synth->begins >= 0 && synth->now >= synth->begins;
        out[k] = !on || synth->kind == 's' ? 0 : synth->kind == 'n' ? NAN : 0.5f * before;
    }
}

static void cleanup(void *self) { free(self); }

#define SYNTH(name) {"urn:jamd:test:" name, instantiate, connect_port, 0, run, 0, cleanup, 0}
static const Descriptor every[] = {
    SYNTH("crash"), SYNTH("hang"), SYNTH("silent"), SYNTH("nan"), SYNTH("moody"), SYNTH("late"),
};

__attribute__((visibility("default"))) const Descriptor *lv2_descriptor(uint32_t index) {
    return index < sizeof every / sizeof *every ? &every[index] : 0;
}
