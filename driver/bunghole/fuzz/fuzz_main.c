/* fuzz_main.c - a main() for fuzz targets where there is no libFuzzer.
 *
 *   fuzz_wire [--seconds N] [--seed N] [FILE or -]...
 *
 * Runs each file (- is standard input) as it is, then changes them at random for N seconds
 * (default: not at all). What is tried is decided by the seed. Ends with 0, or by abort() in the
 * target, after it has left the input in crash-input.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LARGEST   65536u
#define MOST_KEPT 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    size_t size;
    uint8_t *bytes;
};

static struct input kept[MOST_KEPT];
static size_t kept_count;
static uint8_t current[LARGEST];
static size_t current_size;
static uint64_t random_state = 1;

static size_t draw(size_t below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % below);
}

static void leave_input(int signal_number) {
    FILE *file = fopen("crash-input", "wb");
    if (file != NULL) {
        (void)fwrite(current, 1, current_size, file);
        (void)fclose(file);
    }
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void keep(void) {
    struct input *input = &kept[kept_count < MOST_KEPT ? kept_count++ : draw(MOST_KEPT)];
    free(input->bytes);
    input->bytes = malloc(current_size + 1);
    if (input->bytes == NULL) {
        exit(2);
    }
    memcpy(input->bytes, current, current_size);
    input->size = current_size;
}

static int run_file(const char *name) {
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be read; give files that are there\n", name);
        return 0;
    }
    current_size = fread(current, 1, sizeof current, file);
    if (file != stdin) {
        (void)fclose(file);
    }
    (void)LLVMFuzzerTestOneInput(current, current_size);
    keep();
    return 1;
}

static void remove_piece(void) {
    size_t at = draw(current_size + 1);
    size_t length = draw(current_size - at + 1);
    memmove(current + at, current + at + length, current_size - at - length);
    current_size -= length;
}

/* A part of another input behind a part of this one. */
static void join(void) {
    const struct input *other = &kept[draw(kept_count)];
    size_t at = draw(current_size + 1);
    size_t from = draw(other->size + 1);
    size_t length = other->size - from;
    length = length < LARGEST - at ? length : LARGEST - at;
    memcpy(current + at, other->bytes + from, length);
    current_size = at + length;
}

static void change(void) {
    static const uint8_t telling[] = {0x00, 0x01, 0x02, 0x05, 0x42, 0x7f, 0x80, 0xdc, 0xff};
    size_t what = draw(5);
    if (what == 0 && current_size > 0) {
        current[draw(current_size)] ^= (uint8_t)(1u << draw(8));
    } else if (what == 1 && current_size > 0) {
        current[draw(current_size)] = telling[draw(sizeof telling)];
    } else if (what == 2) {
        current_size = draw(current_size + 1);
    } else if (what == 3) {
        remove_piece();
    } else {
        join();
    }
}

static unsigned long long run_changed(double seconds) {
    unsigned long long runs = 0;
    time_t end = time(NULL) + (time_t)seconds;
    while (seconds > 0 && time(NULL) < end) {
        for (int i = 0; i < 1000; i++, runs++) {
            const struct input *from = &kept[draw(kept_count)];
            memcpy(current, from->bytes, from->size);
            current_size = from->size;
            for (size_t changes = 1 + draw(6); changes > 0; changes--) {
                change();
            }
            (void)LLVMFuzzerTestOneInput(current, current_size);
        }
        keep(); /* one of a thousand, so that changes add up */
    }
    return runs;
}

int main(int count, char **arguments) {
    double seconds = 0;
    unsigned long long runs = 0;
    (void)signal(SIGABRT, leave_input);
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--seconds") == 0 && i + 1 < count) {
            seconds = strtod(arguments[++i], NULL);
        } else if (strcmp(arguments[i], "--seed") == 0 && i + 1 < count) {
            random_state = strtoull(arguments[++i], NULL, 10) * 2 + 1;
        } else if (run_file(arguments[i])) {
            runs++;
        } else {
            return 2;
        }
    }
    if (kept_count == 0) {
        keep();
    }
    runs += run_changed(seconds);
    printf("%llu inputs, none that failed\n", runs);
    return 0;
}
