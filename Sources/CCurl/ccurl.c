#define CURL_DISABLE_TYPECHECK
#include "ccurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

// Every function that is used, by its name without "curl_".
#define EACH_FUNCTION(do)                                                                                              \
    do(global_init) do(easy_init) do(easy_cleanup) do(easy_reset) do(easy_perform) do(easy_strerror) do(easy_setopt)   \
        do(easy_getinfo) do(slist_append) do(slist_free_all) do(url) do(url_cleanup) do(url_get) do(url_set) do(free)

#define MEMBER(name) __typeof__(curl_##name) *name;
static struct { EACH_FUNCTION(MEMBER) } library;

static bool isLoaded;

static void load(void) {
    // The name is part of curl's promise to stay compatible.
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return;
#define FIND(name)                                                                                                     \
    library.name = (__typeof__(curl_##name) *)dlsym(handle, "curl_" #name);                                            \
    if (!library.name) return;
    EACH_FUNCTION(FIND)
    isLoaded = library.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

bool waybill_curl_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return isLoaded;
}

CURL *waybill_curl_easy_init(void) { return library.easy_init(); }
void waybill_curl_easy_cleanup(CURL *handle) { library.easy_cleanup(handle); }
void waybill_curl_easy_reset(CURL *handle) { library.easy_reset(handle); }
CURLcode waybill_curl_easy_perform(CURL *handle) { return library.easy_perform(handle); }

const char *waybill_curl_easy_strerror(CURLcode code) {
    return waybill_curl_load() ? library.easy_strerror(code) : "the library libcurl.so.4 cannot be loaded";
}

struct curl_slist *waybill_curl_slist_append(struct curl_slist *list, const char *text) {
    return library.slist_append(list, text);
}

void waybill_curl_slist_free_all(struct curl_slist *list) { library.slist_free_all(list); }
CURLU *waybill_curl_url(void) { return library.url(); }
void waybill_curl_url_cleanup(CURLU *url) { library.url_cleanup(url); }

CURLUcode waybill_curl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags) {
    return library.url_get(url, part, text, flags);
}

CURLUcode waybill_curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags) {
    return library.url_set(url, part, text, flags);
}

void waybill_curl_free(void *memory) { library.free(memory); }

CURLcode waybill_curl_set_long(CURL *handle, CURLoption option, long value) {
    return library.easy_setopt(handle, option, value);
}

CURLcode waybill_curl_set_size(CURL *handle, CURLoption option, long long value) {
    return library.easy_setopt(handle, option, (curl_off_t)value);
}

CURLcode waybill_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return library.easy_setopt(handle, option, value);
}

CURLcode waybill_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return library.easy_setopt(handle, option, value);
}

CURLcode waybill_curl_set_body(CURL *handle, const void *bytes, long long count) {
    CURLcode code = library.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    if (code != CURLE_OK) return code;
    return library.easy_setopt(handle, CURLOPT_POSTFIELDS, bytes ? (const char *)bytes : "");
}

CURLcode waybill_curl_set_writer(CURL *handle, waybill_curl_writer writer, void *context) {
    CURLcode code = library.easy_setopt(handle, CURLOPT_WRITEFUNCTION, writer);
    return code != CURLE_OK ? code : library.easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

CURLcode waybill_curl_set_progress(CURL *handle, waybill_curl_progress progress, void *context) {
    CURLcode code = library.easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, progress);
    if (code != CURLE_OK) return code;
    code = library.easy_setopt(handle, CURLOPT_XFERINFODATA, context);
    return code != CURLE_OK ? code : library.easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

long waybill_curl_status(CURL *handle) {
    long status = 0;
    return library.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK ? status : 0;
}

const char *waybill_curl_content_type(CURL *handle) {
    char *type = NULL;
    return library.easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK ? type : NULL;
}
