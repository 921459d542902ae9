/* ledger.c - the list, and cleaning by it. */
#include "ledger.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum slot_state {
    SLOT_FREE,
    SLOT_BUSY, /* being written, or being cleared */
    SLOT_FULL,
};

struct slot {
    atomic_int state;
    enum ledger_kind kind;
    dev_t device;
    ino_t inode;
    char name[LEDGER_NAME_MAX];
};

/* What the daemon and its guard share. */
struct page {
    atomic_bool end_is_meant;
    struct slot slots[LEDGER_SLOTS];
};

static atomic_bool *end_flag;
static struct slot *slots;

size_t ledger_bytes(void) {
    return sizeof(struct page);
}

void ledger_use(void *memory, atomic_bool *end_is_meant) {
    struct page *page = memory;
    slots = page->slots;
    end_flag = end_is_meant != NULL ? end_is_meant : &page->end_is_meant;
}

bool ledger_create(void) {
    void *memory =
        mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "coreaudiod-sim: no memory for the ledger: %s\n", strerror(errno));
        return false;
    }
    ledger_use(memory, NULL);
    return true;
}

void ledger_mean_to_end(void) {
    if (end_flag != NULL) {
        atomic_store(end_flag, true);
    }
}

bool ledger_end_is_meant(void) {
    return end_flag == NULL || atomic_load(end_flag);
}

void ledger_add(enum ledger_kind kind, const char *name, dev_t device, ino_t inode) {
    if (slots == NULL || strlen(name) >= LEDGER_NAME_MAX) {
        return;
    }
    for (int i = 0; i < LEDGER_SLOTS; i++) {
        struct slot *slot = &slots[i];
        if (atomic_load(&slot->state) == SLOT_FULL && strcmp(slot->name, name) == 0) {
            if (slot->device == device && slot->inode == inode) {
                return; /* the same object, opened once more */
            }
            ledger_forget(name);
        }
    }
    for (int i = 0; i < LEDGER_SLOTS; i++) {
        struct slot *slot = &slots[i];
        int expected = SLOT_FREE;
        if (atomic_compare_exchange_strong(&slot->state, &expected, SLOT_BUSY)) {
            slot->kind = kind;
            slot->device = device;
            slot->inode = inode;
            strcpy(slot->name, name);
            atomic_store(&slot->state, SLOT_FULL);
            return;
        }
    }
}

void ledger_forget(const char *name) {
    for (int i = 0; slots != NULL && i < LEDGER_SLOTS; i++) {
        struct slot *slot = &slots[i];
        int expected = SLOT_FULL;
        if (atomic_load(&slot->state) == SLOT_FULL && strcmp(slot->name, name) == 0 &&
            atomic_compare_exchange_strong(&slot->state, &expected, SLOT_BUSY)) {
            atomic_store(&slot->state, SLOT_FREE);
        }
    }
}

void ledger_folder_made(const char *path) {
    struct stat info;
    if (lstat(path, &info) == 0) {
        ledger_add(LEDGER_FOLDER, path, info.st_dev, info.st_ino);
    }
}

void ledger_folder_gone(const char *path) {
    ledger_forget(path);
}

/* Whether the name still leads to the object that was noted. */
static bool is_there(const struct slot *slot) {
    struct stat info;
    if (slot->kind == LEDGER_SOCKET || slot->kind == LEDGER_FOLDER) {
        return lstat(slot->name, &info) == 0 && info.st_dev == slot->device &&
               info.st_ino == slot->inode;
    }
    char name[LEDGER_NAME_MAX + 1];
    snprintf(name, sizeof name, "/%s", slot->name);
    int fd = shm_open(name, O_RDONLY, 0);
    if (fd < 0) {
        /* No permission to look (a mode without reading): it is there, and the name is ours. */
        return errno == EACCES && slot->kind == LEDGER_SHM_CREATED;
    }
    bool same = fstat(fd, &info) == 0 && info.st_dev == slot->device && info.st_ino == slot->inode;
    close(fd);
    return same;
}

/* Looks through one process's map for a shared writable mapping of `inode` below /dev/shm. */
static bool maps_for_writing(const char *pid, ino_t inode) {
    char path[300], line[4400];
    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        char mode[8];
        unsigned long long number;
        if (sscanf(line, "%*s %7s %*s %*s %llu", mode, &number) == 2) {
            found = mode[1] == 'w' && mode[3] == 's' && number == (unsigned long long)inode &&
                    strstr(line, "/dev/shm/") != NULL;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

/* True when another process has it mapped for writing, or when there is no way to look. What other
 * users' processes have mapped is only seen with the right to see it: if those counted as writers,
 * a user without it could never clean up. */
static bool others_write(const struct slot *slot) {
    DIR *folder = opendir("/proc");
    if (folder == NULL) {
        return true;
    }
    bool found = false;
    long self = (long)getpid();
    for (struct dirent *entry; !found && (entry = readdir(folder)) != NULL;) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end == '\0' && pid > 0 && pid != self) {
            found = maps_for_writing(entry->d_name, slot->inode);
        }
    }
    closedir(folder);
    return found;
}

static void append_name(char *names, size_t size, const char *name) {
    size_t length = strlen(names);
    /* Names of shared memory may hold anything but a slash; what JSON would not take is left out.
     */
    if (length + strlen(name) + 5 > size) {
        return;
    }
    if (length > 0) {
        names[length++] = ',';
    }
    names[length++] = '"';
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name >= 0x20 && (unsigned char)*name < 0x7F && *name != '"' &&
            *name != '\\') {
            names[length++] = *name;
        }
    }
    names[length++] = '"';
    names[length] = '\0';
}

/* Sockets only: what somebody else has put there stays, and the folder with it. */
static void remove_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        struct stat info;
        if (fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(info.st_mode)) {
            (void)unlinkat(fd, entry->d_name, 0);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    (void)rmdir(path);
}

static void remove_one(enum ledger_kind kind, const char *name) {
    if (kind == LEDGER_SOCKET) {
        (void)unlink(name);
    } else if (kind == LEDGER_FOLDER) {
        remove_folder(name);
    } else {
        (void)shm_unlink(name);
    }
}

enum job {
    JOB_LIST,
    JOB_CLEAN_SOCKETS, /* and folders of them */
    JOB_CLEAN,
};

static size_t go_through(enum job job, char *names, size_t size) {
    size_t count = 0;
    names[0] = '\0';
    for (int i = 0; slots != NULL && i < LEDGER_SLOTS; i++) {
        struct slot *slot = &slots[i];
        if (atomic_load(&slot->state) != SLOT_FULL || !is_there(slot) ||
            (slot->kind == LEDGER_SHM_TAKEN_OVER && others_write(slot))) {
            continue;
        }
        char name[LEDGER_NAME_MAX + 1]; /* a copy: shm_unlink() clears the slot */
        bool is_file = slot->kind == LEDGER_SOCKET || slot->kind == LEDGER_FOLDER;
        snprintf(name, sizeof name, "%s%s", is_file ? "" : "/", slot->name);
        if (!is_file) {
            append_name(names, size, name);
            count++;
        }
        if (job == JOB_CLEAN || (job == JOB_CLEAN_SOCKETS && is_file)) {
            remove_one(slot->kind, name);
        }
    }
    return count;
}

size_t ledger_clean(bool keep_shm, char *names, size_t size) {
    return go_through(keep_shm ? JOB_CLEAN_SOCKETS : JOB_CLEAN, names, size);
}

size_t ledger_list(char *names, size_t size) {
    return go_through(JOB_LIST, names, size);
}
