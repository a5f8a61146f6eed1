#include "ctls.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

const int64_t ctls_end = 0;
const int64_t ctls_want_read = -1;
const int64_t ctls_want_write = -2;
const int64_t ctls_failed = -3;
const int64_t ctls_plain_http = -4;

enum { most_pairs = 64 };

// Bytes of content in the largest record (RFC 8446 section 5.1), and how many are encrypted before they are sent together.
enum { record_size = 16 * 1024, gathered_size = 64 * 1024 };

// Bytes that are received at a time, where so many are there.
enum { received_size = 64 * 1024 };

// Seconds for which a ticket is good, and for which tickets are made with one key.
enum { ticket_lifetime = 3600 };

struct ticket_key {
    unsigned char name[16], cipher[32], mac[32];
};

// What tickets are made with, and before it what they were made with in the hour before.
struct tickets {
    pthread_mutex_t lock;
    int64_t made;
    int count;
    struct ticket_key keys[2];
};

struct ctls_server {
    int count;
    int only_tls13;
    int kernel_encrypts;
    struct tickets tickets;
    SSL_CTX *contexts[most_pairs];
    X509_STORE *authorities;
    STACK_OF(X509_NAME) *authority_names;
    int verify_mode;
};

struct ctls_session {
    SSL *ssl;
    int64_t state;
    int fd;
    int has_buffer;
    int is_gathering;
    // Records that wait for room in the socket, and the bytes of content in them.
    uint8_t *gathered;
    size_t capacity, used, sent;
    int64_t promised;
};

static void describe(char *error, int64_t capacity, const char *otherwise) {
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    if (capacity > 0) snprintf(error, (size_t)capacity, "%s", reason ? reason : otherwise);
    ERR_clear_error();
}

static const unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

static int choose_protocol(
    SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *offered, unsigned int count,
    void *context) {
    (void)ssl, (void)context;
    unsigned char *found = NULL;
    if (SSL_select_next_proto(&found, length, protocols, sizeof protocols, offered, count) != OPENSSL_NPN_NEGOTIATED) {
        // A client that knows HTTP/2 only would not understand us (RFC 7301 section 3.2).
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

// The pair whose certificate is for the host that the client names (RFC 6066 section 3).
static int choose_pair(SSL *ssl, int *alert, void *context) {
    (void)alert;
    const ctls_server *server = context;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!name) return SSL_TLSEXT_ERR_OK;
    for (int i = 0; i < server->count; i++) {
        X509 *certificate = SSL_CTX_get0_certificate(server->contexts[i]);
        if (certificate && X509_check_host(certificate, name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, server->contexts[i]);
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

// MARK: - Tickets

static int renew_key(struct tickets *tickets, int64_t now) {
    struct ticket_key key;
    if (RAND_bytes((unsigned char *)&key, sizeof key) != 1) return 0;
    int is_recent = tickets->count > 0 && now - tickets->made < 2 * ticket_lifetime;
    if (is_recent) tickets->keys[1] = tickets->keys[0];
    tickets->keys[0] = key;
    tickets->count = is_recent ? 2 : 1;
    if (!is_recent) OPENSSL_cleanse(&tickets->keys[1], sizeof key);
    OPENSSL_cleanse(&key, sizeof key);
    tickets->made = now;
    return 1;
}

static void turn_keys(struct tickets *tickets, int64_t now) {
    pthread_mutex_lock(&tickets->lock);
    int is_due = tickets->count == 0 || now - tickets->made >= ticket_lifetime;
    // Without randomness an old key must not go on: then there are no tickets.
    if (is_due && !renew_key(tickets, now)) tickets->count = 0;
    pthread_mutex_unlock(&tickets->lock);
}

// The key with this name, or the newest; how old it is in keys, -1 when there is none.
static int find_key(struct tickets *tickets, const unsigned char *name, struct ticket_key *found) {
    pthread_mutex_lock(&tickets->lock);
    int place = -1;
    for (int i = 0; i < tickets->count && place < 0; i++) {
        if (!name || memcmp(name, tickets->keys[i].name, sizeof found->name) == 0) place = i;
    }
    if (place >= 0) *found = tickets->keys[place];
    pthread_mutex_unlock(&tickets->lock);
    return place;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
static int use_ticket_key(
    SSL *ssl, unsigned char *name, unsigned char *vector, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypts) {
    ctls_server *server = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key;
    int place = find_key(&server->tickets, encrypts ? NULL : name, &key);
    if (place < 0) return encrypts ? -1 : 0;
    int good = 1;
    if (encrypts) {
        memcpy(name, key.name, sizeof key.name);
        good = RAND_bytes(vector, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1;
    }
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac, sizeof key.mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "sha256", 0), OSSL_PARAM_construct_end()};
    good = good && EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, vector, encrypts) == 1 &&
           EVP_MAC_CTX_set_params(mac, parameters) == 1;
    OPENSSL_cleanse(&key, sizeof key);
    if (!good) return -1;
    // 2: the client is given a new one, in version 1.3 always, as it uses each once (RFC 8446 appendix C.4).
    return place == 0 && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

static void give_tickets(ctls_server *server, SSL_CTX *context) {
    SSL_CTX_set_app_data(context, server);
    // All that is needed later is in the ticket: nothing is kept here. None is good for early data, which could be replayed.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key);
    SSL_CTX_set_timeout(context, ticket_lifetime);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_max_early_data(context, 0);
}

// MARK: - Certificates and rules

#if defined(SSL_OP_ENABLE_KTLS) && !defined(OPENSSL_NO_KTLS)
// Whether connections can be handed to the kernel once they have their keys; asked once, as no module is loaded for us.
static int kernel_knows_tls(void) {
    char names[256] = {0};
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_available_ulp", "re");
    if (!file) return 0;
    int known = 0;
    while (fscanf(file, "%255s", names) == 1) known |= strcmp(names, "tls") == 0;
    fclose(file);
    return known;
}
#else
static int kernel_knows_tls(void) { return 0; }
#endif

ctls_server *ctls_server_new(int only_tls13, char *error, int64_t capacity) {
    ctls_server *server = calloc(1, sizeof *server);
    if (!server) {
        describe(error, capacity, "out of memory");
        return NULL;
    }
    server->only_tls13 = only_tls13;
    server->kernel_encrypts = kernel_knows_tls();
    pthread_mutex_init(&server->tickets.lock, NULL);
    server->verify_mode = SSL_VERIFY_NONE;
    return server;
}

static SSL_CTX *make_context(ctls_server *server) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context) return NULL;
    SSL_CTX_set_min_proto_version(context, server->only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Forward secrecy and authenticated encryption only (RFC 9325 section 4.2).
    // AES with 128 bits first: it does fewer rounds, and its SHA-256 is in the processor where SHA-384 is not.
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    // A connection that waits for its next request needs no buffers.
    SSL_CTX_set_mode(
        context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // Without it each record would be received in two calls, one for its head.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, received_size);
#ifdef SSL_OP_ENABLE_KTLS
    if (server->kernel_encrypts) SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS);
#endif
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(context, choose_pair);
    SSL_CTX_set_tlsext_servername_arg(context, server);
    static const unsigned char session_context[] = "waybill";
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    give_tickets(server, context);
    return context;
}

static int use_chain(SSL_CTX *context, const uint8_t *chain, int64_t length) {
    BIO *input = BIO_new_mem_buf(chain, (int)length);
    if (!input) return 0;
    X509 *certificate = PEM_read_bio_X509_AUX(input, NULL, NULL, NULL);
    int good = certificate && SSL_CTX_use_certificate(context, certificate) == 1;
    X509_free(certificate);
    while (good) {
        X509 *next = PEM_read_bio_X509(input, NULL, NULL, NULL);
        if (!next) {
            // The end of the file is no error, anything else is.
            unsigned long code = ERR_peek_last_error();
            good = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
            if (good) ERR_clear_error();
            break;
        }
        good = SSL_CTX_add0_chain_cert(context, next) == 1;
        if (!good) X509_free(next);
    }
    BIO_free(input);
    return good;
}

// Without it OpenSSL would ask for a passphrase on the terminal.
static int no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static int use_key(SSL_CTX *context, const uint8_t *key, int64_t length) {
    BIO *input = BIO_new_mem_buf(key, (int)length);
    if (!input) return 0;
    EVP_PKEY *pair = PEM_read_bio_PrivateKey(input, NULL, no_passphrase, NULL);
    BIO_free(input);
    int good = pair && SSL_CTX_use_PrivateKey(context, pair) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(pair);
    return good;
}

static void ask_clients(const ctls_server *server, SSL_CTX *context) {
    if (!server->authorities) return;
    SSL_CTX_set1_verify_cert_store(context, server->authorities);
    SSL_CTX_set_client_CA_list(context, SSL_dup_CA_list(server->authority_names));
    SSL_CTX_set_verify(context, server->verify_mode, NULL);
    // A session that is resumed would bring a certificate that may have expired since.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
}

int ctls_server_add(
    ctls_server *server, const uint8_t *chain, int64_t chain_length, const uint8_t *key, int64_t key_length, char *error,
    int64_t capacity) {
    ERR_clear_error();
    if (server->count == most_pairs) {
        describe(error, capacity, "there are too many certificates");
        return -1;
    }
    SSL_CTX *context = make_context(server);
    if (context && use_chain(context, chain, chain_length) && use_key(context, key, key_length)) {
        ask_clients(server, context);
        server->contexts[server->count++] = context;
        return 0;
    }
    describe(error, capacity, "the certificate and its key cannot be used");
    SSL_CTX_free(context);
    return -1;
}

int ctls_server_trust_clients(
    ctls_server *server, const uint8_t *authorities, int64_t length, int required, char *error, int64_t capacity) {
    ERR_clear_error();
    BIO *input = BIO_new_mem_buf(authorities, (int)length);
    server->authorities = X509_STORE_new();
    server->authority_names = sk_X509_NAME_new_null();
    int count = 0;
    while (input && server->authorities && server->authority_names) {
        X509 *certificate = PEM_read_bio_X509(input, NULL, NULL, NULL);
        if (!certificate) break;
        X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));
        if (X509_STORE_add_cert(server->authorities, certificate) == 1 && name &&
            sk_X509_NAME_push(server->authority_names, name) > 0) {
            count++;
        } else {
            X509_NAME_free(name);
        }
        X509_free(certificate);
    }
    BIO_free(input);
    if (count == 0) {
        describe(error, capacity, "there is no certificate in it");
        return -1;
    }
    ERR_clear_error();
    server->verify_mode = SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
    for (int i = 0; i < server->count; i++) ask_clients(server, server->contexts[i]);
    return 0;
}

void ctls_server_free(ctls_server *server) {
    for (int i = 0; i < server->count; i++) SSL_CTX_free(server->contexts[i]);
    X509_STORE_free(server->authorities);
    sk_X509_NAME_pop_free(server->authority_names, X509_NAME_free);
    pthread_mutex_destroy(&server->tickets.lock);
    OPENSSL_cleanse(&server->tickets, sizeof server->tickets);
    free(server);
}

// MARK: - The socket

// Sends the records that wait; whether none does any more. Otherwise errno says why.
static int send_gathered(ctls_session *session) {
    while (session->sent < session->used) {
        ssize_t count = send(session->fd, session->gathered + session->sent, session->used - session->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return 0;
        session->sent += (size_t)count;
    }
    // A connection that waits for its next request needs no buffer.
    free(session->gathered);
    session->gathered = NULL;
    session->capacity = session->used = session->sent = 0;
    return 1;
}

static int gather(ctls_session *session, const char *bytes, size_t count) {
    if (session->capacity - session->used < count) {
        size_t capacity = session->used + count;
        // Room for the rest too: a record is some 22 bytes longer than its content.
        if (capacity < gathered_size + 1024) capacity = gathered_size + 1024;
        uint8_t *larger = realloc(session->gathered, capacity);
        if (!larger) return 0;
        session->gathered = larger;
        session->capacity = capacity;
    }
    memcpy(session->gathered + session->used, bytes, count);
    session->used += count;
    return 1;
}

// Takes a record from OpenSSL: beside those that are gathered, or to the socket behind them.
static int bio_write(BIO *bio, const char *bytes, size_t count, size_t *done) {
    ctls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (session->is_gathering) {
        if (!gather(session, bytes, count)) return 0;
        *done = count;
        return 1;
    }
    ssize_t sent = -1;
    if (send_gathered(session)) {
        do sent = send(session->fd, bytes, count, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
    }
    if (sent < 0) {
        if (errno == EAGAIN) BIO_set_retry_write(bio);
        return 0;
    }
    *done = (size_t)sent;
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    // What was written is on its way: OpenSSL asks for it after each flight of a handshake.
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gathering socket");
    if (!method) return;
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
}

// Sends through a buffer of ours. Where the kernel encrypts, OpenSSL has to have the socket itself.
static int set_output(ctls_session *session) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *output = method ? BIO_new(method) : NULL;
    if (!output) return 0;
    BIO_set_data(output, session);
    BIO_set_init(output, 1);
    SSL_set0_wbio(session->ssl, output);
    session->has_buffer = 1;
    return 1;
}

// MARK: - Sessions

ctls_session *ctls_session_new(ctls_server *server, int fd, int64_t now) {
    if (server->count == 0) return NULL;
    ctls_session *session = calloc(1, sizeof *session);
    if (!session) return NULL;
    if (!server->authorities) turn_keys(&server->tickets, now);
    session->fd = fd;
    session->ssl = SSL_new(server->contexts[0]);
    if (!session->ssl || SSL_set_fd(session->ssl, fd) != 1 || (!server->kernel_encrypts && !set_output(session))) {
        ctls_session_free(session);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(session->ssl);
    return session;
}

void ctls_session_free(ctls_session *session) {
    SSL_free(session->ssl);
    free(session->gathered);
    free(session);
}

// After a failure the session must not be used again, not even to say goodbye (SSL_get_error(3)).
static int64_t result(ctls_session *session, int returned) {
    switch (SSL_get_error(session->ssl, returned)) {
    case SSL_ERROR_WANT_READ: return ctls_want_read;
    case SSL_ERROR_WANT_WRITE: return ctls_want_write;
    case SSL_ERROR_ZERO_RETURN: return ctls_end;
    default:
        session->state = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST ? ctls_plain_http : ctls_failed;
        return session->state;
    }
}

int64_t ctls_handshake(ctls_session *session) {
    if (session->state) return session->state;
    ERR_clear_error();
    int returned = SSL_do_handshake(session->ssl);
    return returned == 1 ? 1 : result(session, returned);
}

int64_t ctls_read(ctls_session *session, void *buffer, int64_t count) {
    if (session->state) return session->state;
    ERR_clear_error();
    int64_t total = 0;
    // A call to OpenSSL gives one record at most, and several may have been received.
    do {
        size_t done = 0;
        int returned = SSL_read_ex(session->ssl, (uint8_t *)buffer + total, (size_t)(count - total), &done);
        if (returned != 1) {
            int64_t reason = result(session, returned);
            return total > 0 ? total : reason;
        }
        total += (int64_t)done;
    } while (total < count && SSL_has_pending(session->ssl));
    return total;
}

static int64_t keep_promise(ctls_session *session) {
    if (send_gathered(session)) {
        int64_t count = session->promised;
        session->promised = 0;
        return count;
    }
    if (errno == EAGAIN) return ctls_want_write;
    return session->state = ctls_failed;
}

// Encrypts several records, then sends them together.
static int64_t write_records(ctls_session *session, const uint8_t *bytes, int64_t count) {
    if (count > gathered_size) count = gathered_size;
    int64_t total = 0, reason = 0;
    session->is_gathering = 1;
    while (total < count && !reason) {
        size_t done = 0;
        int returned = SSL_write_ex(session->ssl, bytes + total, (size_t)(count - total), &done);
        if (returned != 1) reason = result(session, returned);
        total += (int64_t)done;
    }
    session->is_gathering = 0;
    if (session->state || total == 0) return reason;
    session->promised = total;
    return keep_promise(session);
}

int64_t ctls_write(ctls_session *session, const void *bytes, int64_t count) {
    if (session->state) return session->state;
    ERR_clear_error();
    if (session->promised > count) return session->state = ctls_failed;
    if (session->promised) return keep_promise(session);
    if (count > record_size && session->has_buffer) return write_records(session, bytes, count);
    size_t done = 0;
    int returned = SSL_write_ex(session->ssl, bytes, (size_t)count, &done);
    return returned == 1 ? (int64_t)done : result(session, returned);
}

int ctls_sends_files(ctls_session *session) {
    return BIO_get_ktls_send(SSL_get_wbio(session->ssl));
}

int64_t ctls_send_file(ctls_session *session, int file, int64_t offset, int64_t count) {
    if (session->state) return session->state;
    ERR_clear_error();
    ossl_ssize_t sent = SSL_sendfile(session->ssl, file, (off_t)offset, (size_t)count, 0);
    return sent >= 0 ? (int64_t)sent : result(session, (int)sent);
}

void ctls_close_notify(ctls_session *session) {
    if (session->state || !SSL_is_init_finished(session->ssl)) return;
    ERR_clear_error();
    SSL_shutdown(session->ssl);
    ERR_clear_error();
}

void ctls_error(ctls_session *session, char *error, int64_t capacity) {
    (void)session;
    describe(error, capacity, "the connection ended");
}

static int64_t append(uint8_t *buffer, int64_t used, int64_t capacity, char kind, const uint8_t *text, int64_t length) {
    if (length <= 0 || used + length + 2 > capacity || memchr(text, 0, (size_t)length)) return used;
    buffer[used] = (uint8_t)kind;
    memcpy(buffer + used + 1, text, (size_t)length);
    buffer[used + 1 + length] = 0;
    return used + length + 2;
}

int64_t ctls_peer_names(ctls_session *session, uint8_t *buffer, int64_t capacity) {
    X509 *certificate = SSL_get0_peer_certificate(session->ssl);
    if (!certificate || SSL_get_verify_result(session->ssl) != X509_V_OK) return 0;
    int64_t used = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_IA5STRING *text = NULL;
        if (name->type == GEN_URI) text = name->d.uniformResourceIdentifier;
        if (name->type == GEN_DNS) text = name->d.dNSName;
        if (!text) continue;
        used = append(
            buffer, used, capacity, name->type == GEN_URI ? 'U' : 'D', ASN1_STRING_get0_data(text),
            ASN1_STRING_length(text));
    }
    GENERAL_NAMES_free(names);
    X509_NAME *subject = X509_get_subject_name(certificate);
    int place = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (place >= 0) {
        unsigned char *text = NULL;
        int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, place)));
        if (length > 0) used = append(buffer, used, capacity, 'C', text, length);
        OPENSSL_free(text);
    }
    return used;
}
