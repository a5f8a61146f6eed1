#include "ctls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int64_t ctls_end = 0;
const int64_t ctls_want_read = -1;
const int64_t ctls_want_write = -2;
const int64_t ctls_failed = -3;
const int64_t ctls_plain_http = -4;

enum { most_pairs = 64 };

struct ctls_server {
    int count;
    int only_tls13;
    SSL_CTX *contexts[most_pairs];
    X509_STORE *authorities;
    STACK_OF(X509_NAME) *authority_names;
    int verify_mode;
};

struct ctls_session {
    SSL *ssl;
    int64_t state;
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

ctls_server *ctls_server_new(int only_tls13, char *error, int64_t capacity) {
    ctls_server *server = calloc(1, sizeof *server);
    if (!server) {
        describe(error, capacity, "out of memory");
        return NULL;
    }
    server->only_tls13 = only_tls13;
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
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    // A connection that waits for its next request needs no buffers.
    SSL_CTX_set_mode(
        context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(context, choose_pair);
    SSL_CTX_set_tlsext_servername_arg(context, server);
    static const unsigned char session_context[] = "waybill";
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
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
    free(server);
}

ctls_session *ctls_session_new(ctls_server *server, int fd) {
    if (server->count == 0) return NULL;
    ctls_session *session = calloc(1, sizeof *session);
    if (!session) return NULL;
    session->ssl = SSL_new(server->contexts[0]);
    if (!session->ssl || SSL_set_fd(session->ssl, fd) != 1) {
        ctls_session_free(session);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(session->ssl);
    return session;
}

void ctls_session_free(ctls_session *session) {
    SSL_free(session->ssl);
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
    size_t done = 0;
    int returned = SSL_read_ex(session->ssl, buffer, (size_t)count, &done);
    return returned == 1 ? (int64_t)done : result(session, returned);
}

int64_t ctls_write(ctls_session *session, const void *bytes, int64_t count) {
    if (session->state) return session->state;
    ERR_clear_error();
    size_t done = 0;
    int returned = SSL_write_ex(session->ssl, bytes, (size_t)count, &done);
    return returned == 1 ? (int64_t)done : result(session, returned);
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
