/* ending.c */
#include "ending.h"
#include "report.h"
#include <signal.h>

static void begin(struct report *report, const struct ending *ending, const char *event,
                  const char *signal) {
    report_begin(report, event);
    report_string(report, "signal", signal);
    report_string(report, "process", ending->process);
    report_number(report, "pid", (uint64_t)ending->pid);
}

void ending_report_killed(const struct ending *ending, int signal) {
    static struct report report;
    begin(&report, ending, "killed", report_signal_name(signal));
    if (ending->plugin != NULL) {
        report_string(&report, "plugin", ending->plugin);
    }
    report_string(
        &report, "text",
        signal == SIGKILL
            ? "the daemon was killed from outside"
            : "the daemon died without being able to say where: a thread ran out of stack?");
    report_send(&report);
}

void ending_report_exit(const struct ending *ending, int code) {
    static struct report report;
    begin(&report, ending, "driver-crashed", "exit");
    report_null(&report, "entry_point");
    report_string(&report, "plugin", ending->plugin);
    report_string(&report, "text",
                  "a driver ended the process with _exit() or exec(), which leaves no stack");
    report_number(&report, "status", (uint64_t)code);
    report_raw(&report, "backtrace", "[]");
    report_send(&report);
}
