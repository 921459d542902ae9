/* Is a trace readable while it is written, and honest about what it has overwritten? */
#include "unit.h"

#include "halsim/trace.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static int make_path(void **state) {
    (void)state;
    (void)snprintf(path, sizeof path, "trace-test-%d.trace", (int)getpid());
    return 0;
}

static int remove_path(void **state) {
    (void)state;
    (void)unlink(path);
    return 0;
}

static void a_reader_sees_records_as_they_come(void **state) {
    (void)state;
    struct halsim_error error;
    struct halsim_trace *trace = halsim_trace_create(path, 100, &error);
    assert_non_null(trace);
    int fd = open(path, O_RDONLY);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    const char *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    const struct halsim_trace_header *header = (const void *)map;
    const struct halsim_trace_record *records = (const void *)(map + header->header_bytes);
    assert_int_equal(header->magic, HALSIM_TRACE_MAGIC);
    assert_int_equal(header->capacity, 128);
    for (uint64_t i = 0; i < 300; i++) {
        uint64_t number;
        struct halsim_trace_record *record = halsim_trace_begin(trace, &number);
        assert_int_equal(number, i);
        assert_int_equal(records[i % 128].sequence, 0); /* not whole yet */
        record->cycle = i + 1000;
        halsim_trace_commit(trace, record, number);
        assert_int_equal(header->written, i + 1);
        assert_int_equal(records[i % 128].sequence, i + 1);
        assert_int_equal(records[i % 128].cycle, i + 1000);
    }
    assert_int_equal(records[0].sequence, 257); /* 0 and 128 are gone, 256 stands there */
    halsim_trace_close(trace);
    (void)munmap((void *)(uintptr_t)map, (size_t)status.st_size);
    (void)close(fd);
}

static void a_folder_that_is_not_there_is_named(void **state) {
    (void)state;
    struct halsim_error error;
    assert_null(halsim_trace_create("no/such/folder/x.trace", 100, &error));
    assert_int_equal(error.status, HALSIM_ERROR_SYSTEM);
    assert_non_null(strstr(error.message, "no/such/folder/x.trace"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_sees_records_as_they_come, make_path, remove_path),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
