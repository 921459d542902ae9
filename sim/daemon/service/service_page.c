/* service_page.c */
#include "service_page.h"
#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static struct service_page *page;

/* A file without a name. */
static int make_file(void) {
#ifdef __linux__
    return memfd_create("coreaudiod-sim", MFD_CLOEXEC);
#else
    char name[64];
    snprintf(name, sizeof name, "/coreaudiod-sim.%ld", (long)getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) {
        (void)shm_unlink(name);
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return fd;
#endif
}

/* The ledger comes first; what follows begins where any type may. */
static size_t page_offset(void) {
    return (ledger_bytes() + 63) / 64 * 64;
}

static void *map(int fd) {
    void *memory = mmap(NULL, page_offset() + sizeof(struct service_page), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

struct service_page *service_page_create(int *fd) {
    *fd = make_file();
    void *memory = NULL;
    if (*fd < 0 || ftruncate(*fd, (off_t)(page_offset() + sizeof(struct service_page))) != 0 ||
        (memory = map(*fd)) == NULL) {
        fprintf(stderr, "coreaudiod-sim: no memory to share with helpers: %s\n", strerror(errno));
        return NULL;
    }
    ledger_use(memory, NULL);
    page = (void *)((char *)memory + page_offset());
    return page;
}

struct service_page *service_page_open(int fd, unsigned slot) {
    void *memory = slot < SERVICE_HELPERS_MAX ? map(fd) : NULL;
    if (memory == NULL) {
        fprintf(stderr, "coreaudiod-sim: --service is for the daemon itself\n");
        return NULL;
    }
    page = (void *)((char *)memory + page_offset());
    ledger_use(memory, &page->slots[slot].end_is_meant);
    return page;
}

void service_page_adopt_orphans(void) {
#ifdef __linux__
    if (page != NULL) {
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    }
#endif
}

void service_page_end_helpers(void) {
    for (int i = 0; page != NULL && i < SERVICE_HELPERS_MAX; i++) {
        pid_t pid = atomic_load(&page->slots[i].pid);
        /* 0: it is a child of ours, and lives: its number cannot be another's. */
        if (pid > 0 && waitpid(pid, NULL, WNOHANG) == 0) {
            (void)kill(pid, SIGKILL);
            while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
            }
        }
    }
}
