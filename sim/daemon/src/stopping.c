/* stopping.c - signals belong to the process, so this state does too. */
#include "stopping.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static void (*_Atomic on_stop_function)(void *context);
static void *_Atomic on_stop_context;
static atomic_bool told;
static atomic_bool requested;
static atomic_int signal_number;

/* Called after a request and after somebody began to listen: whichever comes second tells. */
static void tell(void) {
    void (*function)(void *) = atomic_load(&on_stop_function);
    if (function != NULL && !atomic_exchange(&told, true)) {
        function(atomic_load(&on_stop_context));
    }
}

static void on_signal(int number) {
    int before = errno;
    int none = 0;
    atomic_compare_exchange_strong(&signal_number, &none, number);
    atomic_store(&requested, true);
    tell();
    errno = before;
}

void stopping_install(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

void stopping_listen(void (*on_stop)(void *context), void *context) {
    atomic_store(&on_stop_context, context);
    atomic_store(&on_stop_function, on_stop);
    if (atomic_load(&requested)) {
        tell();
    }
}

void stopping_forget(void) {
    atomic_store(&on_stop_function, NULL);
}

bool stopping_requested(void) {
    return atomic_load(&requested);
}

int stopping_signal(void) {
    return atomic_load(&signal_number);
}
