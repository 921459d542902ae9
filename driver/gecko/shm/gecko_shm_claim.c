/* gecko_shm_claim.c - a word that one process at a time owns. */
#include "gecko_shm_claim.h"
#include "gecko_process.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What a holder does takes microseconds, and at most 200 ms where it waits for an object that is
 * being made. */
#define CLAIM_MILLIS 2000
#define CLAIM_BYTES  sizeof(uint64_t)

void gecko_shm_claim_name(const char *name, char claim[GECKO_SHM_CLAIM_NAME_BYTES]) {
    /* FNV-1a. Two names of one claim would only wait for each other. */
    uint64_t hash = (UINT64_C(0xCBF29CE484222325) ^ geteuid()) * UINT64_C(0x100000001B3);
    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001B3);
    }
    snprintf(claim, GECKO_SHM_CLAIM_NAME_BYTES, "/gkc.%016" PRIx64, hash);
}

#ifdef GECKO_PLATFORM_LINUX

bool gecko_shm_claim_take(const char *name, struct gecko_shm_claim *claim,
                          struct gecko_shm_error *error) {
    (void)name, (void)error;
    *claim = (struct gecko_shm_claim){0};
    return true;
}

void gecko_shm_claim_give_back(struct gecko_shm_claim *claim) {
    (void)claim;
}

#else

static bool map_claim(const char *name, struct gecko_shm_claim *claim,
                      struct gecko_shm_error *error) {
    char of[GECKO_SHM_CLAIM_NAME_BYTES];
    gecko_shm_claim_name(name, of);
    int fd = shm_open(of, O_RDWR | O_CREAT, 0600);
    if (fd < 0) {
        return gecko_shm_fail(error, errno, "shared memory \"%s\": cannot open its claim \"%s\"",
                              name, of);
    }
    /* The first one gives it its size; macOS refuses that to all others, and it has one then. */
    struct stat info;
    if (fstat(fd, &info) == 0 && info.st_size == 0) {
        (void)ftruncate(fd, (off_t)CLAIM_BYTES);
    }
    if (fstat(fd, &info) != 0 || info.st_uid != geteuid() || info.st_size < (off_t)CLAIM_BYTES) {
        close(fd);
        return gecko_shm_fail(error, 0,
                              "shared memory \"%s\": its claim \"%s\" is none of this user; remove "
                              "it, or set another name",
                              name, of);
    }
    void *word = mmap(NULL, CLAIM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int status = errno;
    close(fd);
    if (word == MAP_FAILED) {
        return gecko_shm_fail(error, status, "shared memory \"%s\": cannot map its claim \"%s\"",
                              name, of);
    }
    claim->word = word;
    claim->size = CLAIM_BYTES;
    return true;
}

/* A word holds process and start: 0 is free. Half of the start is enough to tell two processes of
 * one id apart. */
static uint64_t word_of(uint32_t pid) {
    return (uint64_t)pid << 32 | (uint32_t)gecko_process_started(pid);
}

static enum gecko_life life_of(uint64_t holder) {
    uint32_t pid = (uint32_t)(holder >> 32);
    if (gecko_process_life(pid, 0) == GECKO_LIFE_OVER) {
        return GECKO_LIFE_OVER;
    }
    uint32_t started = (uint32_t)holder, found = (uint32_t)gecko_process_started(pid);
    if (started == 0 || found == 0) {
        return GECKO_LIFE_LIKELY;
    }
    return started == found ? GECKO_LIFE_SURE : GECKO_LIFE_OVER;
}

static void wait_a_millisecond(void) {
    struct timespec left = {.tv_nsec = 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static bool fail_held(const char *name, uint64_t holder, struct gecko_shm_error *error) {
    return gecko_shm_fail(error, EBUSY,
                          "shared memory \"%s\": process %u is taking it and does not come to an "
                          "end; stop it, or set another name",
                          name, (unsigned)(holder >> 32));
}

bool gecko_shm_claim_take(const char *name, struct gecko_shm_claim *claim,
                          struct gecko_shm_error *error) {
    *claim = (struct gecko_shm_claim){.mine = word_of((uint32_t)getpid())};
    if (!map_claim(name, claim, error)) {
        return false;
    }
    _Atomic uint64_t *word = claim->word;
    uint64_t before = 0;
    for (int waited = 0;; waited++) {
        uint64_t holder = 0;
        if (atomic_compare_exchange_strong(word, &holder, claim->mine)) {
            return true;
        }
        waited = holder == before ? waited : 0;
        before = holder;
        bool over = waited >= CLAIM_MILLIS;
        enum gecko_life life = life_of(holder);
        if (life == GECKO_LIFE_SURE && over) {
            (void)munmap(claim->word, claim->size);
            claim->word = NULL;
            return fail_held(name, holder, error);
        }
        /* Of an id alone it is not known whose it is by now: it has had its time. To swap exactly
         * what a dead one has left is to inherit from it, which one of those that try can. */
        if ((life == GECKO_LIFE_OVER || over) &&
            atomic_compare_exchange_strong(word, &holder, claim->mine)) {
            return true;
        }
        if (life != GECKO_LIFE_OVER) {
            wait_a_millisecond();
        }
    }
}

void gecko_shm_claim_give_back(struct gecko_shm_claim *claim) {
    if (claim->word != NULL) {
        atomic_store((_Atomic uint64_t *)claim->word, 0);
        (void)munmap(claim->word, claim->size);
        claim->word = NULL;
    }
}

#endif
