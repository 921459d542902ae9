/* sandboxing.c - the places of a sandbox, and a line on stderr for each thing that it refuses. */
#include "sandboxing.h"
#include "options.h"
#include "report.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAL_LAB_INTERPOSE

/* Written before any driver is there. */
static const struct halsandbox_rules *told_rules;
static unsigned told_plugin;

/* ---- what is refused ----------------------------------------------------------------------- */

static void add_caller(struct report *report, const void *caller) {
    Dl_info info;
    char offset[20], text[300];
    if (dladdr(caller, &info) != 0 && info.dli_fname != NULL) {
        const char *slash = strrchr(info.dli_fname, '/');
        report_hex_text((uintptr_t)caller - (uintptr_t)info.dli_fbase, offset);
        snprintf(text, sizeof text, "%.256s + %s", slash != NULL ? slash + 1 : info.dli_fname,
                 offset);
        report_string(report, "caller", text);
    }
}

/* On the thread of a driver, whose stack may be a small one. */
static void tell(struct halsandbox_case *found) {
    char rule[64];
    const struct halsim_call_info *call = halsim_call_current();
    snprintf(found->entry_point, sizeof found->entry_point, "%s",
             call != NULL && call->entry_point != NULL ? call->entry_point : "");
    struct report *report = malloc(sizeof *report);
    if (report == NULL) {
        return; /* sandbox.read has it */
    }
    snprintf(rule, sizeof rule, "sandbox.%s", halsandbox_kind_name(found->kind));
    report_begin(report, told_rules->mode == HALSANDBOX_ENFORCE ? "sandbox-refused"
                                                                : "sandbox-would-refuse");
    report_string(report, "call", found->call);
    report_string(report, "what", found->what);
    if (found->kind == HALSANDBOX_FILES) {
        report_string(report, "access", found->writes ? "write" : "read");
    }
    report_string(report, "entry_point", found->entry_point[0] != '\0' ? found->entry_point : NULL);
    report_number(report, "plugin_index", told_plugin);
    add_caller(report, found->caller);
    report_string(report, "rule", rule);
    report_string(report, "profile", told_rules->profile);
    report_string(report, "source", told_rules->lists[found->kind].source);
    report_send(report);
    free(report);
}

/* ---- places -------------------------------------------------------------------------------- */

static void find(const char *path, char *place) {
    if (path == NULL || path[0] != '/' || realpath(path, place) == NULL) {
        place[0] = '\0';
    }
}

void sandboxing_begin(const struct halsandbox_rules *rules, const char *bundle, unsigned plugin) {
    static struct halsandbox_places places;
    find(bundle, places.bundle);
    /* What stands for a Mac's folders, which are the user's own and have no fixed name. */
    find(getenv("TMPDIR"), places.temporary);
    find(getenv("XDG_CACHE_HOME"), places.cache);
    told_rules = rules;
    told_plugin = plugin;
    halsandbox_begin(rules, &places, tell);
}

const struct halsim_sandbox *sandboxing(const struct halsandbox_rules *rules) {
    static struct halsim_sandbox offered;
    offered = (struct halsim_sandbox){rules, halsandbox_case_at, halsandbox_kind_name};
    return &offered;
}

#else

/* Options see to it that the mode is off here. */
void sandboxing_begin(const struct halsandbox_rules *rules, const char *bundle, unsigned plugin) {
    (void)rules;
    (void)bundle;
    (void)plugin;
}

const struct halsim_sandbox *sandboxing(const struct halsandbox_rules *rules) {
    (void)rules;
    return NULL;
}

#endif
