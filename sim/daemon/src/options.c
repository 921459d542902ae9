/* options.c - reading the command line. */
#include "halsim/rpc.h"
#include "options_internal.h"
#include "threads.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum option_key {
    KEY_HELP = 1000,
    KEY_VERSION,
    KEY_RPC,
    KEY_CLOCK,
    KEY_SEED,
    KEY_THREADS,
    KEY_SCHEDULE,
    KEY_TIMEBASE,
    KEY_STORAGE,
    KEY_WAIT,
    KEY_SPIN_US,
    KEY_NO_REALTIME_PRIORITY,
    KEY_LATE_WAKE_US,
    KEY_BUDGET_PERCENT,
    KEY_CALL_LIMIT_MS,
    KEY_SIGPIPE,
    KEY_KEEP_SHM,
    KEY_NO_GUARD,
    KEY_PROFILE,
    KEY_PROCESS_MODEL,
    KEY_HELPER_THROTTLE_MS,
    KEY_SANDBOX,
    KEY_SANDBOX_ALLOW,
    KEY_SERVICE,
    KEY_DRIVER,
    KEY_PLAY,
    KEY_SIGNAL,
    KEY_SINE_HZ,
    KEY_SECONDS,
    KEY_TRACE,
    KEY_DEVICE,
    KEY_RATE,
    KEY_FRAMES,
    KEY_CHANNELS,
    KEY_FAR_END,
    KEY_RECORD,
    KEY_CHECK,
};

static const struct option names[] = {
    {"help", no_argument, NULL, KEY_HELP},
    {"version", no_argument, NULL, KEY_VERSION},
    {"rpc", required_argument, NULL, KEY_RPC},
    {"clock", required_argument, NULL, KEY_CLOCK},
    {"seed", required_argument, NULL, KEY_SEED},
    {"threads", required_argument, NULL, KEY_THREADS},
    {"schedule", required_argument, NULL, KEY_SCHEDULE},
    {"timebase", required_argument, NULL, KEY_TIMEBASE},
    {"storage", required_argument, NULL, KEY_STORAGE},
    {"wait", required_argument, NULL, KEY_WAIT},
    {"spin-us", required_argument, NULL, KEY_SPIN_US},
    {"no-realtime-priority", no_argument, NULL, KEY_NO_REALTIME_PRIORITY},
    {"late-wake-us", required_argument, NULL, KEY_LATE_WAKE_US},
    {"budget-percent", required_argument, NULL, KEY_BUDGET_PERCENT},
    {"call-limit-ms", required_argument, NULL, KEY_CALL_LIMIT_MS},
    {"sigpipe", required_argument, NULL, KEY_SIGPIPE},
    {"keep-shm", no_argument, NULL, KEY_KEEP_SHM},
    {"no-guard", no_argument, NULL, KEY_NO_GUARD},
    {"profile", required_argument, NULL, KEY_PROFILE},
    {"process-model", required_argument, NULL, KEY_PROCESS_MODEL},
    {"helper-throttle-ms", required_argument, NULL, KEY_HELPER_THROTTLE_MS},
    {"sandbox", required_argument, NULL, KEY_SANDBOX},
    {"sandbox-allow", required_argument, NULL, KEY_SANDBOX_ALLOW},
    {"service", required_argument, NULL, KEY_SERVICE}, /* for the daemon itself */
    {"driver", required_argument, NULL, KEY_DRIVER},
    {"play", required_argument, NULL, KEY_PLAY},
    {"signal", required_argument, NULL, KEY_SIGNAL},
    {"sine-hz", required_argument, NULL, KEY_SINE_HZ},
    {"seconds", required_argument, NULL, KEY_SECONDS},
    {"trace", required_argument, NULL, KEY_TRACE},
    {"device", required_argument, NULL, KEY_DEVICE},
    {"rate", required_argument, NULL, KEY_RATE},
    {"frames", required_argument, NULL, KEY_FRAMES},
    {"channels", required_argument, NULL, KEY_CHANNELS},
    {"far-end", required_argument, NULL, KEY_FAR_END},
    {"record", required_argument, NULL, KEY_RECORD},
    {"check", no_argument, NULL, KEY_CHECK},
    {NULL, 0, NULL, 0},
};

bool options_complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("coreaudiod-sim: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs(" (see --help)\n", stderr);
    va_end(arguments);
    return false;
}

static bool number(const char *option, const char *text, uint64_t low, uint64_t high,
                   uint64_t *value) {
    char *end;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || parsed < low || parsed > high) {
        return options_complain("--%s: \"%s\" is no whole number from %llu to %llu", option, text,
                                (unsigned long long)low, (unsigned long long)high);
    }
    *value = parsed;
    return true;
}

static bool small_number(const char *option, const char *text, uint32_t low, uint32_t high,
                         uint32_t *value) {
    uint64_t wide = 0;
    if (!number(option, text, low, high, &wide)) {
        return false;
    }
    *value = (uint32_t)wide;
    return true;
}

static bool real(const char *option, const char *text, double low, double high, double *value) {
    char *end;
    double parsed = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(parsed) || parsed < low || parsed > high) {
        return options_complain("--%s: \"%s\" is no number from %g to %g", option, text, low, high);
    }
    *value = parsed;
    return true;
}

/* The place of `text` in `words`, which ends with NULL. */
static bool choice(const char *option, const char *text, const char *const *words, int *index) {
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            *index = i;
            return true;
        }
    }
    char list[128] = "";
    for (int i = 0; words[i] != NULL; i++) {
        strncat(list, i > 0 ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, words[i], sizeof list - strlen(list) - 1);
    }
    return options_complain("--%s: \"%s\" is none of: %s", option, text, list);
}

static bool timebase(const char *text, struct halsim_host_config *host) {
    unsigned long numer, denom;
    char *end;
    numer = strtoul(text, &end, 10);
    denom = *end == '/' ? strtoul(end + 1, &end, 10) : 0;
    if (*text < '0' || *text > '9' || *end != '\0' || numer == 0 || denom == 0 ||
        numer > UINT32_MAX || denom > UINT32_MAX) {
        return options_complain("--timebase: \"%s\" is no fraction such as 125/3", text);
    }
    host->timebase_numer = (uint32_t)numer;
    host->timebase_denom = (uint32_t)denom;
    return true;
}

static bool far_end(const char *text, struct options *options) {
    static const char kind[] = "gecko-shm:/";
    if (strncmp(text, kind, sizeof kind - 1) != 0 || text[sizeof kind - 1] == '\0') {
        return options_complain("--far-end: \"%s\" is not of the form gecko-shm:/NAME", text);
    }
    options->far_end = text + sizeof kind - 2;
    return true;
}

static bool take_host(int key, const char *text, struct options *options) {
    static const char *const clocks[] = {"realtime", "virtual", NULL};
    static const char *const waits[] = {"hybrid", "sleep", NULL};
    static const char *const owners[] = {"owned", "free", NULL};
    static const char *const actions[] = {"default", "ignore", NULL};
    static const char *const models[] = {"in-process", "helper", NULL};
    static const char *const modes[] = {"off", "report", "enforce", NULL};
    struct halsim_host_config *host = &options->host;
    uint64_t wide = 0;
    int index = 0;
    bool ok = true;
    switch (key) {
    case KEY_CLOCK:
        ok = choice("clock", text, clocks, &index);
        host->clock = (enum halsim_clock_kind)index;
        return ok;
    case KEY_SEED:
        return number("seed", text, 0, UINT64_MAX, &host->seed);
    case KEY_THREADS:
        ok = choice("threads", text, owners, &index);
        options->threads_are_free = index == 1;
        return ok && (index == 1 || threads_can_be_owned() ||
                      options_complain("--threads: this build cannot own threads"));
    case KEY_SCHEDULE:
        return number("schedule", text, 0, UINT64_MAX, &options->schedule) &&
               (threads_can_be_owned() || options->schedule == 0 ||
                options_complain("--schedule: this build cannot own threads"));
    case KEY_TIMEBASE:
        return timebase(text, host);
    case KEY_STORAGE:
        host->storage_folder = text;
        return true;
    case KEY_WAIT:
        ok = choice("wait", text, waits, &index);
        host->wait = (enum halsim_wait)index;
        return ok;
    case KEY_SPIN_US:
        ok = number("spin-us", text, 0, 1000000, &wide);
        host->spin_ns = wide * 1000;
        return ok;
    case KEY_NO_REALTIME_PRIORITY:
        host->realtime_priority = false;
        return true;
    case KEY_LATE_WAKE_US:
        return small_number("late-wake-us", text, 0, 10000000, &host->late_wake_us);
    case KEY_BUDGET_PERCENT:
        return small_number("budget-percent", text, 1, 100, &host->driver_budget_percent);
    case KEY_CALL_LIMIT_MS:
        return small_number("call-limit-ms", text, 0, 3600000, &host->call_limit_ms);
    case KEY_SIGPIPE:
        ok = choice("sigpipe", text, actions, &index);
        options->sigpipe_ignored = index == 1;
        return ok;
    case KEY_KEEP_SHM:
        options->keep_shm = true;
        return true;
    case KEY_NO_GUARD:
        options->guard = false;
        return true;
    case KEY_PROFILE:
        options->profile_file = text;
        return true;
    case KEY_PROCESS_MODEL:
        ok = choice("process-model", text, models, &index);
        options->process_model = index == 1 ? PROFILE_MODEL_HELPER : PROFILE_MODEL_IN_PROCESS;
        return ok;
    case KEY_HELPER_THROTTLE_MS:
        ok = number("helper-throttle-ms", text, 0, 86400000, &wide);
        options->helper_throttle_ns = wide * 1000000;
        return ok;
    case KEY_SANDBOX:
        ok = choice("sandbox", text, modes, &index);
        options->sandbox_is_said = true;
        options->sandbox.mode = (enum halsandbox_mode)index;
        return ok;
    case KEY_SANDBOX_ALLOW:
        return options_allow_in_sandbox(text, options);
    case KEY_SERVICE:
        options->service = text;
        return true;
    case KEY_DRIVER:
        if (options->driver_count == OPTION_DRIVERS_MAX) {
            return options_complain("--driver: more than %d of them", OPTION_DRIVERS_MAX);
        }
        options->drivers[options->driver_count++] = text;
        return true;
    default:
        return false;
    }
}

static bool take_play(int key, const char *text, struct options *options) {
    static const char *const signals[] = {"none", "counter", "sine", "noise", "silence", NULL};
    int index = 0;
    bool ok = true;
    switch (key) {
    case KEY_PLAY:
        options->play = text;
        return true;
    case KEY_SIGNAL:
        ok = choice("signal", text, signals + 1, &index);
        options->signal = (enum signal_kind)(index + 1);
        return ok;
    case KEY_SINE_HZ:
        return real("sine-hz", text, 0.001, 1e6, &options->sine_hz);
    case KEY_SECONDS:
        return real("seconds", text, 0.001, 1e9, &options->seconds);
    case KEY_TRACE:
        options->trace = text;
        return true;
    case KEY_DEVICE:
        options->device = text;
        return true;
    case KEY_RATE:
        return real("rate", text, 1, 1e9, &options->rate);
    case KEY_FRAMES:
        return small_number("frames", text, HALSIM_MIN_FRAMES, HALSIM_MAX_FRAMES, &options->frames);
    case KEY_CHANNELS:
        return small_number("channels", text, 1, 1024, &options->channels);
    case KEY_FAR_END:
        return far_end(text, options);
    case KEY_RECORD:
        options->record = text;
        return true;
    case KEY_CHECK:
        options->check = true;
        return true;
    default:
        return false;
    }
}

/* What does not go together. */
static bool check_together(struct options *options) {
    if (options->schedule != 0 &&
        (options->host.clock != HALSIM_CLOCK_VIRTUAL || options->threads_are_free)) {
        return options_complain("--schedule needs --clock virtual, and threads that it owns");
    }
    bool plays = options->play != NULL || options->signal != SIGNAL_NONE;
    if (!plays) {
        if (options->far_end != NULL || options->record != NULL || options->check ||
            options->trace != NULL || options->seconds > 0 || options->device != NULL ||
            options->rate > 0 || options->frames > 0) {
            return options_complain("nothing to play: give --play FILE or --signal KIND");
        }
        options->rpc = options->rpc != NULL ? options->rpc : "stdio";
        return strcmp(options->rpc, "stdio") == 0 ||
               (strncmp(options->rpc, "unix:", 5) == 0 && options->rpc[5] != '\0') ||
               options_complain("--rpc: \"%s\" is neither stdio nor unix:PATH", options->rpc);
    }
    if (options->rpc != NULL) {
        return options_complain("--rpc and --play or --signal: one or the other");
    }
    if (options->play != NULL && options->signal != SIGNAL_NONE) {
        return options_complain("--play and --signal: one or the other");
    }
    if (options->driver_count == 0) {
        return options_complain("no driver to play through: give --driver X.driver");
    }
    if (options->check && options->signal != SIGNAL_COUNTER) {
        return options_complain(
            "--check needs --signal counter: only its samples say where they belong");
    }
    if (options->record != NULL && options->far_end == NULL) {
        return options_complain("--record needs --far-end: it records what the far end hears");
    }
    if (options->signal != SIGNAL_NONE && !(options->seconds > 0)) {
        options->seconds = 5;
    }
    return true;
}

#define THROTTLE_UNSAID     UINT64_MAX
#define THROTTLE_DEFAULT_NS UINT64_C(10000000000) /* launchd's, when a job says nothing */

/* Reads the profile, and decides what it decides unless an option has. */
static bool follow_profile(struct options *options) {
    bool plays = options->play != NULL || options->signal != SIGNAL_NONE;
    if (options->service != NULL) {
        return true; /* the front has decided */
    }
    if (options->process_model == PROFILE_MODEL_HELPER && plays) {
        return options_complain(
            "--process-model helper needs --rpc: playing is done in one process");
    }
    options->profile.throttle_s = -1;
    if (options->profile_file != NULL) {
        if (!profile_read(options->profile_file, &options->profile)) {
            return false;
        }
        options->host.profile = &options->profile.asks;
    }
    if (options->process_model == PROFILE_MODEL_UNSAID) {
        options->process_model = options->profile.model == PROFILE_MODEL_HELPER && !plays
                                     ? PROFILE_MODEL_HELPER
                                     : PROFILE_MODEL_IN_PROCESS;
    }
    if (options->helper_throttle_ns == THROTTLE_UNSAID) {
        options->helper_throttle_ns = options->profile.throttle_s >= 0
                                          ? (uint64_t)(options->profile.throttle_s * 1e9 + 0.5)
                                          : THROTTLE_DEFAULT_NS;
    }
    return options_decide_sandbox(options);
}

enum options_result options_parse(int count, char **arguments, struct options *options) {
    *options = (struct options){.guard = true,
                                .channels = 2,
                                .sine_hz = 1000,
                                .helper_throttle_ns = THROTTLE_UNSAID,
                                .argument_count = count,
                                .arguments = arguments};
    halsim_host_config_init(&options->host);
    opterr = 0;
    for (;;) {
        int at = optind;
        int key = getopt_long(count, arguments, "+:", names, NULL);
        if (key == -1) {
            break;
        }
        switch (key) {
        case KEY_HELP:
            help_print(stdout);
            return OPTIONS_DONE;
        case KEY_VERSION:
            printf("coreaudiod-sim %s (protocol %d)\n", halsim_version(), HALSIM_RPC_PROTOCOL);
            return OPTIONS_DONE;
        case KEY_RPC:
            options->rpc = optarg;
            break;
        case ':':
            options_complain("%s needs a value", arguments[at]);
            return OPTIONS_BAD;
        case '?':
            options_complain("unknown option \"%s\"", arguments[at]);
            return OPTIONS_BAD;
        default:
            if (!(key <= KEY_DRIVER ? take_host(key, optarg, options)
                                    : take_play(key, optarg, options))) {
                return OPTIONS_BAD;
            }
        }
    }
    if (optind < count) {
        options_complain("unexpected argument \"%s\"", arguments[optind]);
        return OPTIONS_BAD;
    }
    return check_together(options) && follow_profile(options) ? OPTIONS_GO : OPTIONS_BAD;
}
