// What the server needs of OpenSSL: certificates, handshakes, and bytes under TLS on a socket that does not block. OpenSSL's own
// types and macros stay behind it.
#ifndef WAYBILL_CTLS_H
#define WAYBILL_CTLS_H

#include <stdint.h>

// Certificates and rules. Sessions keep it alive: it can be replaced while they go on.
typedef struct ctls_server ctls_server;
typedef struct ctls_session ctls_session;

// What a call came to, when it is not a number of bytes.
extern const int64_t ctls_end;         // 0: the peer has said that nothing more comes
extern const int64_t ctls_want_read;   // try again when there is something to read
extern const int64_t ctls_want_write;  // try again when there is room
extern const int64_t ctls_failed;      // broken, for good
extern const int64_t ctls_plain_http;  // the peer speaks HTTP without TLS

// Texts of failures go into `error`, which has `capacity` bytes, and end with a zero.

// TLS 1.2 and 1.3, or 1.3 alone.
ctls_server *ctls_server_new(int only_tls13, char *error, int64_t capacity);
// A chain (PEM, the server's own certificate first) with its key. The first pair is also for clients that name no host or one
// that no pair is for. 0 when all is well.
int ctls_server_add(
    ctls_server *server, const uint8_t *chain, int64_t chain_length, const uint8_t *key, int64_t key_length, char *error,
    int64_t capacity);
// Asks clients for a certificate of one of these authorities (PEM); without `required` they may have none.
int ctls_server_trust_clients(
    ctls_server *server, const uint8_t *authorities, int64_t length, int required, char *error, int64_t capacity);
void ctls_server_free(ctls_server *server);

// `now`, in seconds since some beginning, turns the keys of tickets: each makes them for an hour and is good for one more.
ctls_session *ctls_session_new(ctls_server *server, int fd, int64_t now);
void ctls_session_free(ctls_session *session);
// 1 when it is done.
int64_t ctls_handshake(ctls_session *session);
int64_t ctls_read(ctls_session *session, void *buffer, int64_t count);
// After ctls_want_write the same bytes, and no fewer, must be given again.
int64_t ctls_write(ctls_session *session, const void *bytes, int64_t count);
// Whether the kernel encrypts what this session sends, so that it takes files.
int ctls_sends_files(ctls_session *session);
// Sends a part of a file, which may come to less than asked for; ctls_end at its end. Only where ctls_sends_files.
int64_t ctls_send_file(ctls_session *session, int file, int64_t offset, int64_t count);
// Tells the peer that nothing more comes; best effort.
void ctls_close_notify(ctls_session *session);
// Why the last call failed.
void ctls_error(ctls_session *session, char *error, int64_t capacity);
// The names of the verified certificate of the client, each with a letter in front and a zero behind: U for a URI, D for a DNS name,
// C for the common name. How many bytes; 0 when there is no certificate.
int64_t ctls_peer_names(ctls_session *session, uint8_t *buffer, int64_t capacity);

#endif
