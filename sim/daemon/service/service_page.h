/* service_page.h - memory that the front, its guard and all helpers share: the ledger of what was
 * made (ledger.h), who the helpers are, and what each of them last said.
 *
 * A helper that dies cannot answer any more. What has to be known of it then lies here: the time of
 * its clock, its report, and whether it meant to end.
 */
#ifndef DAEMON_SERVICE_PAGE_H
#define DAEMON_SERVICE_PAGE_H

#include "halinterpose/sandbox.h"
#include "halsim/profile.h"
#include "report.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SERVICE_HELPERS_MAX 64 /* at one time */

struct service_slot {
    atomic_int pid; /* 0: free */
    atomic_bool end_is_meant;
    atomic_ullong now_ns;  /* of its host's clock, after its last answer, or when it crashed */
    char bundle[PATH_MAX]; /* that it is started for */
    atomic_uint report_length;
    char report[REPORT_BYTES];
};

struct service_page {
    bool has_profile;
    struct halsim_profile profile;
    struct halsandbox_rules sandbox;
    struct service_slot slots[SERVICE_HELPERS_MAX];
};

/* Instead of ledger_create(), before the guard is forked. NULL with a line on stderr. */
struct service_page *service_page_create(int *fd);
/* In a helper, with what it has inherited. */
struct service_page *service_page_open(int fd, unsigned slot);

/* In the guard's process, before it forks: helpers whose front has died become its children
 * (Linux). No-op without a page. */
void service_page_adopt_orphans(void);
/* When the front has died, or is about to: kills the helpers that are children of this process and
 * waits for them. Only those: a number that is not ours any more is never used. */
void service_page_end_helpers(void);

#endif
