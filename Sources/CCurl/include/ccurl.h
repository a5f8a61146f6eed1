// libcurl, loaded when it is first used: most runs of the program never send a request, and with the thirty libraries that it
// needs the start of a process takes twice as long.
//
// Nothing but `waybill_curl_load` may be called before that has answered true.
#ifndef WAYBILL_CCURL_H
#define WAYBILL_CCURL_H

#include <curl/curl.h>
#include <stdbool.h>

// Loads the library and sets it up, once; false when that is not possible. From any thread.
bool waybill_curl_load(void);

// These do what the functions of curl with the same names do.
CURL *waybill_curl_easy_init(void);
void waybill_curl_easy_cleanup(CURL *handle);
void waybill_curl_easy_reset(CURL *handle);
CURLcode waybill_curl_easy_perform(CURL *handle);
// Also before the library is loaded.
const char *waybill_curl_easy_strerror(CURLcode code);
struct curl_slist *waybill_curl_slist_append(struct curl_slist *list, const char *text);
void waybill_curl_slist_free_all(struct curl_slist *list);
CURLU *waybill_curl_url(void);
void waybill_curl_url_cleanup(CURLU *url);
CURLUcode waybill_curl_url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags);
CURLUcode waybill_curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags);
void waybill_curl_free(void *memory);

// What Swift cannot call by itself: functions with a variable number of arguments. One for each type of value.

typedef size_t (*waybill_curl_writer)(char *bytes, size_t size, size_t count, void *context);
typedef int (*waybill_curl_progress)(
    void *context, curl_off_t download, curl_off_t downloaded, curl_off_t upload, curl_off_t uploaded);

CURLcode waybill_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode waybill_curl_set_size(CURL *handle, CURLoption option, long long value);
// curl keeps a copy.
CURLcode waybill_curl_set_text(CURL *handle, CURLoption option, const char *value);
// curl keeps the pointer.
CURLcode waybill_curl_set_pointer(CURL *handle, CURLoption option, void *value);
// A body of its own length: without a pointer curl would ask a callback for it, also when it is empty.
CURLcode waybill_curl_set_body(CURL *handle, const void *bytes, long long count);
CURLcode waybill_curl_set_writer(CURL *handle, waybill_curl_writer writer, void *context);
CURLcode waybill_curl_set_progress(CURL *handle, waybill_curl_progress progress, void *context);
long waybill_curl_status(CURL *handle);
// Belongs to the handle, until its next transfer.
const char *waybill_curl_content_type(CURL *handle);

#endif
