/* What becomes of the file that stands where a trace or a recording is to go? */
#define _GNU_SOURCE /* unshare() */
#include "unit.h"

#include "halsim/signal.h"
#include "halsim/trace.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

/* The two that write through a mapping, as one. */
struct writer {
    struct halsim_trace *trace;
    struct halsim_sink *sink;
};

enum kind {
    TRACE,
    RECORDING,
    KINDS
};

static bool writer_open(struct writer *writer, enum kind kind, const char *path, uint64_t bytes,
                        struct halsim_error *error) {
    memset(writer, 0, sizeof *writer);
    if (kind == TRACE) {
        writer->trace = halsim_trace_create(path, bytes / HALSIM_TRACE_RECORD_BYTES, error);
    } else {
        writer->sink = halsim_sink_create_file(path, bytes / 8, 2, error);
    }
    return writer->trace != NULL || writer->sink != NULL;
}

/* The mark is found in the file. */
static void writer_write(struct writer *writer, float mark) {
    if (writer->trace != NULL) {
        uint64_t number;
        struct halsim_trace_record *record = halsim_trace_begin(writer->trace, &number);
        memcpy(&record->cycle, &mark, sizeof mark);
        halsim_trace_commit(writer->trace, record, number);
    } else {
        const float frame[2] = {mark, mark};
        writer->sink->take(writer->sink, frame, 1, 2, 0);
    }
}

static void writer_close(struct writer *writer) {
    halsim_trace_close(writer->trace);
    halsim_sink_destroy(writer->sink);
}

static char folder[32], path[64], other[64];

static int make_folder(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "fresh-file-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/it", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

/* Fails when a file is left in the folder that the test does not know of. */
static int remove_folder(void **state) {
    (void)state;
    (void)unlink(path);
    (void)unlink(other);
    return rmdir(folder);
}

static bool put_text(const char *name, const char *text) {
    FILE *file = fopen(name, "wb");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

static bool has_text(const char *name, const char *text) {
    char found[64] = "";
    FILE *file = fopen(name, "rb");
    if (file == NULL) {
        return false;
    }
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    (void)fclose(file);
    return strcmp(found, text) == 0;
}

static bool holds_mark(const char *name, float mark) {
    static char bytes[1 << 20];
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t length = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    for (size_t at = 0; at + sizeof mark <= length; at += sizeof mark) {
        if (memcmp(bytes + at, &mark, sizeof mark) == 0) {
            return true;
        }
    }
    return false;
}

static void what_is_no_regular_file_is_refused_and_left_alone(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct writer writer;
        struct halsim_error error = {0};
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(symlink("it", other), 0);
        const char *names[] = {path, other};
        for (int i = 0; i < 2; i++) {
            assert_false(writer_open(&writer, kind, names[i], 50000, &error));
            assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
            assert_non_null(strstr(error.message, names[i]));
        }
        struct stat status;
        assert_int_equal(stat(other, &status), 0);
        assert_true(S_ISFIFO(status.st_mode));
        (void)unlink(path);
        assert_false(writer_open(&writer, kind, other, 50000, &error)); /* leads nowhere now */
        assert_int_equal(error.status, HALSIM_ERROR_ARGUMENT);
        (void)unlink(other);
    }
}

static void a_failure_leaves_the_file_that_stands_there(void **state) {
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        assert_true(put_text(path, "of last night"));
        struct writer writer;
        struct halsim_error error = {0};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){20000, before.rlim_max}), 0);
        bool opened = writer_open(&writer, kind, path, 50000, &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_false(opened);
        assert_int_equal(error.status, HALSIM_ERROR_SYSTEM);
        assert_true(has_text(path, "of last night"));
    }
    (void)signal(SIGXFSZ, SIG_DFL);
}

/* A second one takes the name; the first, and whoever reads it, keeps its own file. */
static void a_second_one_of_the_same_name_does_not_disturb_the_first(void **state) {
    (void)state;
    for (enum kind first_kind = 0; first_kind < KINDS; first_kind++) {
        for (enum kind second_kind = 0; second_kind < KINDS; second_kind++) {
            struct writer first, second;
            struct halsim_error error = {0};
            assert_true(writer_open(&first, first_kind, path, 500000, &error));
            int reader = open(path, O_RDONLY);
            assert_true(reader >= 0);
            assert_true(writer_open(&second, second_kind, path, 20000, &error));
            for (int i = 0; i < 2000; i++) { /* beyond the end of the second's file */
                writer_write(&first, 0.125f);
            }
            writer_write(&second, 0.375f);
            writer_close(&first);
            writer_write(&second, 0.375f);
            writer_close(&second);
            assert_true(holds_mark(path, 0.375f));
            assert_false(holds_mark(path, 0.125f));
            struct stat now, then;
            assert_int_equal(stat(path, &now), 0);
            assert_int_equal(fstat(reader, &then), 0);
            assert_true(now.st_ino != then.st_ino);
            assert_true(then.st_size >= 2000 * 8);
            (void)close(reader);
        }
    }
}

static void a_symbolic_link_stays_and_its_target_is_replaced(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        assert_true(put_text(path, "old"));
        assert_int_equal(symlink("it", other), 0);
        struct writer writer;
        struct halsim_error error = {0};
        assert_true(writer_open(&writer, kind, other, 20000, &error));
        writer_write(&writer, 0.375f);
        writer_close(&writer);
        struct stat status;
        assert_int_equal(lstat(other, &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        assert_true(holds_mark(path, 0.375f));
        (void)unlink(other);
    }
}

#ifdef __linux__
enum outcome {
    REFUSED = 0,
    NOT_ALLOWED = 77,
    WRONG = 1
};

/* In a child, with signals as they are outside of cmocka and without its assertions: on a disk of
 * its own, which is full before the file is. */
static int try_on_a_full_disk(enum kind kind) {
    if ((unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=65536") != 0) {
        return NOT_ALLOWED;
    }
    (void)signal(SIGBUS, SIG_DFL);
    struct writer writer;
    struct halsim_error error = {0};
    if (!put_text(path, "of last night")) {
        return WRONG;
    }
    if (writer_open(&writer, kind, path, 500000, &error)) {
        for (int i = 0; i < 60000; i++) {
            writer_write(&writer, 0.125f); /* SIGBUS */
        }
        return WRONG;
    }
    return has_text(path, "of last night") && strstr(error.message, "No space left") != NULL
               ? REFUSED
               : WRONG;
}

static void a_full_disk_is_an_error_and_no_signal(void **state) {
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            _exit(try_on_a_full_disk(kind));
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED) {
            skip(); /* no mounts here */
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), REFUSED);
    }
}
#endif

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(what_is_no_regular_file_is_refused_and_left_alone),
        IN_A_FOLDER(a_failure_leaves_the_file_that_stands_there),
        IN_A_FOLDER(a_second_one_of_the_same_name_does_not_disturb_the_first),
        IN_A_FOLDER(a_symbolic_link_stays_and_its_target_is_replaced),
#ifdef __linux__
        IN_A_FOLDER(a_full_disk_is_an_error_and_no_signal),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
