/* service.c - the front begins and ends. */
#include "service_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool make_pipe(int ends[2]) {
    int made[2];
    if (pipe(made) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, SERVICE_DESCRIPTOR_MIN);
        (void)close(made[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

static bool make_pipes(struct service *service) {
    if (!make_pipe(service->life) || !make_pipe(service->wake)) {
        return false;
    }
    (void)fcntl(service->wake[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(service->wake[1], F_SETFL, O_NONBLOCK);
    return true;
}

static void interrupt(void *context) {
    struct service *service = context;
    pthread_mutex_lock(&service->lock);
    service->interrupted = true;
    service_interrupt_runner(service);
    pthread_mutex_unlock(&service->lock);
}

static void stop(void *context) {
    struct service *service = context;
    atomic_store(&service->stops, true);
    service_reader_wake(service);
}

struct service *service_create(const struct options *options, struct halsim_rpc *rpc,
                               struct service_page *page, int page_fd) {
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL) {
        fprintf(stderr, "coreaudiod-sim: out of memory\n");
        return NULL;
    }
    service->rpc = rpc;
    service->options = options;
    service->page = page;
    service->page_fd = page_fd;
    service->is_virtual = options->host.clock == HALSIM_CLOCK_VIRTUAL;
    service->clients.first = 1;
    service->life[0] = service->life[1] = service->wake[0] = service->wake[1] = -1;
    pthread_mutex_init(&service->lock, NULL);
    pthread_cond_init(&service->changed, NULL);
    page->has_profile = options->host.profile != NULL;
    if (page->has_profile) {
        page->profile = *options->host.profile;
    }
    page->sandbox = options->sandbox;
    if (!make_pipes(service) || !service_reader_start(service) ||
        (!service->is_virtual && !service_starter_start(service))) {
        fprintf(stderr, "coreaudiod-sim: no resources for helpers: %s\n", strerror(errno));
        service_destroy(service);
        return NULL;
    }
    service->router = (struct rpc_router){service_carry_out, interrupt, stop, service};
    rpc_set_router(rpc, &service->router);
    return service;
}

bool service_load(struct service *service, const char *path, struct halsim_error *error) {
    struct rpc_failure failure = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *plugin = NULL;
    bool ok = service_start(service, path, NULL, doc, &plugin, &failure) != NULL;
    yyjson_mut_doc_free(doc);
    *error = failure.error;
    return ok;
}

static void free_helper(struct helper *helper) {
    yyjson_doc_free(helper->answer);
    free(helper->bytes);
    free(helper);
}

void service_destroy(struct service *service) {
    if (service == NULL) {
        return;
    }
    atomic_store(&service->stops, true);
    service_starter_stop(service);
    for (uint32_t i = 0; i < service->count; i++) {
        service_end(service, service->helpers[i]);
    }
    service_reader_stop(service);
    rpc_set_router(service->rpc, NULL);
    for (uint32_t i = 0; i < service->count; i++) {
        free_helper(service->helpers[i]);
    }
    free(service->helpers);
    for (int i = 0; i < SETTING_COUNT; i++) {
        free(service->settings[i]);
    }
    id_table_free(&service->devices);
    id_table_free(&service->clients);
    id_table_free(&service->farends);
    const int fds[] = {service->life[0], service->life[1], service->wake[0], service->wake[1]};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    pthread_cond_destroy(&service->changed);
    pthread_mutex_destroy(&service->lock);
    free(service);
}
