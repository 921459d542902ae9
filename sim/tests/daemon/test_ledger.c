/* Is exactly that removed which this process made, or took over and nobody else uses? */
#include "rpc_unit.h"

#include "ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char name[64];
static char names[1024];

static int setup(void **state) {
    (void)state;
    (void)snprintf(name, sizeof name, "/halsim-ledger-%d", (int)getpid());
    return 0;
}

static int teardown(void **state) {
    (void)state;
    (void)shm_unlink(name);
    (void)ledger_clean(false, names, sizeof names);
    return 0;
}

static bool is_there(void) {
    char path[128];
    struct stat info;
    (void)snprintf(path, sizeof path, "/dev/shm%s", name);
    return stat(path, &info) == 0;
}

static void make(void) {
    int fd = shm_open(name, O_CREAT | O_RDWR, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096), 0);
    close(fd);
}

/* Another process, which this one's ledger knows nothing of, makes the object and holds it mapped
 * until the returned pipe is closed. */
static pid_t other_writer(int *hold) {
    int go[2], ready[2];
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        char path[128], byte;
        close(go[1]);
        (void)snprintf(path, sizeof path, "/dev/shm%s", name);
        int fd = open(path, O_CREAT | O_RDWR, 0600); /* not through the ledger's shm_open() */
        bool ok = fd >= 0 && ftruncate(fd, 4096) == 0 &&
                  mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
        ssize_t ignored = write(ready[1], ok ? "y" : "n", 1);
        (void)ignored;
        ignored = read(go[0], &byte, 1);
        _exit(0);
    }
    char byte = 'n';
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(go[0]);
    close(ready[0]);
    close(ready[1]);
    *hold = go[1];
    return child;
}

static void what_was_made_is_removed(void **state) {
    (void)state;
    make();
    assert_int_equal(ledger_list(names, sizeof names), 1);
    assert_contains(names, name);
    assert_true(is_there());
    assert_int_equal(ledger_clean(false, names, sizeof names), 1);
    assert_false(is_there());
    assert_int_equal(ledger_clean(false, names, sizeof names), 0);
}

static void what_was_unlinked_is_forgotten(void **state) {
    (void)state;
    make();
    assert_int_equal(shm_unlink(name), 0);
    assert_int_equal(ledger_list(names, sizeof names), 0);
    assert_int_equal(shm_unlink(name), -1);
    assert_int_equal(errno, ENOENT);
}

static void what_is_only_read_is_left_alone(void **state) {
    (void)state;
    int hold;
    pid_t writer = other_writer(&hold);
    int fd = shm_open(name, O_RDONLY, 0);
    assert_true(fd >= 0);
    close(fd);
    close(hold);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(ledger_clean(false, names, sizeof names), 0);
    assert_true(is_there());
}

static void what_a_living_process_writes_is_left_alone(void **state) {
    (void)state;
    int hold;
    pid_t writer = other_writer(&hold);
    int fd = shm_open(name, O_RDWR, 0); /* a second host on the same name */
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(ledger_clean(false, names, sizeof names), 0);
    assert_true(is_there());
    close(hold);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    /* Now nobody is left who could remove it. */
    assert_int_equal(ledger_clean(false, names, sizeof names), 1);
    assert_false(is_there());
}

static void an_object_that_was_there_keeps_to_the_rules_of_open(void **state) {
    (void)state;
    int hold;
    pid_t writer = other_writer(&hold);
    assert_int_equal(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(ledger_list(names, sizeof names), 0);
    int fd = shm_open(name, O_CREAT | O_RDWR, 0600);
    assert_true(fd >= 0);
    close(fd);
    close(hold);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_int_equal(ledger_list(names, sizeof names), 1);
}

static void another_object_of_the_same_name_is_not_ours(void **state) {
    (void)state;
    make();
    char path[128];
    (void)snprintf(path, sizeof path, "/dev/shm%s", name);
    assert_int_equal(unlink(path), 0); /* behind the ledger's back */
    int keeper = open(path, O_CREAT | O_RDWR, 0600);
    int second = open(path, O_RDONLY);
    assert_int_equal(unlink(path), 0);
    int other = open(path, O_CREAT | O_RDWR, 0600); /* an inode of its own: the others are held */
    assert_int_equal(ledger_clean(false, names, sizeof names), 0);
    assert_true(is_there());
    close(keeper);
    close(second);
    close(other);
}

static void kept_shared_memory_stays_but_sockets_go(void **state) {
    (void)state;
    make();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char full[256];
    assert_non_null(getcwd(full, sizeof full - 64));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "ledger-%d.sock", (int)getpid());
    strcat(full, "/");
    strcat(full, address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    struct stat info;
    assert_int_equal(lstat(full, &info), 0);
    ledger_add(LEDGER_SOCKET, full, info.st_dev, info.st_ino);
    assert_int_equal(ledger_clean(true, names, sizeof names), 1);
    assert_true(is_there());
    assert_int_equal(lstat(full, &info), -1);
    close(fd);
}

static void a_killed_process_is_cleaned_up_after_by_another(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        make(); /* into the ledger that both share */
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(is_there());
    assert_int_equal(ledger_clean(false, names, sizeof names), 1);
    assert_false(is_there());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_made_is_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_unlinked_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_only_read_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_living_process_writes_is_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_object_that_was_there_keeps_to_the_rules_of_open, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_object_of_the_same_name_is_not_ours, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(kept_shared_memory_stays_but_sockets_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_killed_process_is_cleaned_up_after_by_another, setup,
                                        teardown),
    };
    if (!ledger_create()) {
        return 1;
    }
    return cmocka_run_group_tests_name("daemon.ledger", tests, NULL, NULL);
}
