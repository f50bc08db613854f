#include "http_client.h"

#include <curl/curl.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "coffer/base/secure_bytes.h"
#include "coffer/base/version.h"
#include "transport_error.h"

namespace coffer::cli {
namespace {

constexpr std::size_t kLongestReply = std::size_t{32} << 20U;

struct CurlCleanup {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, CurlCleanup>;

/// Header lines for libcurl, wiped when they go: one of them is the token.
class HeaderList final {
 public:
  HeaderList() = default;
  ~HeaderList() {
    for (const curl_slist* node = list_; node != nullptr; node = node->next) {
      wipe({reinterpret_cast<std::uint8_t*>(node->data), std::strlen(node->data)});
    }
    curl_slist_free_all(list_);
  }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  [[nodiscard]] bool add(const std::string& line) {
    curl_slist* grown = curl_slist_append(list_, line.c_str());
    if (grown != nullptr) list_ = grown;
    return grown != nullptr;
  }
  [[nodiscard]] curl_slist* get() const noexcept { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

// The allocator that libcurl uses from initialise_http() on.
void wipe_block(void* block) {
  if (block != nullptr) wipe({static_cast<std::uint8_t*>(block), ::malloc_usable_size(block)});
}
void* curl_malloc(std::size_t size) { return std::malloc(size); }
void* curl_calloc(std::size_t count, std::size_t size) { return std::calloc(count, size); }
void curl_free_block(void* block) {
  wipe_block(block);
  std::free(block);
}
void* curl_realloc(void* block, std::size_t size) {
  if (block == nullptr) return std::malloc(size);
  void* moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(size, ::malloc_usable_size(block)));
  curl_free_block(block);
  return moved;
}
char* curl_strdup(const char* text) {
  const std::size_t size = std::strlen(text) + 1;
  void* copy = std::malloc(size);
  if (copy != nullptr) std::memcpy(copy, text, size);
  return static_cast<char*>(copy);
}

struct Sink {
  std::string body;
  bool overflow = false;
};

std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* into) {
  auto& sink = *static_cast<Sink*>(into);
  const std::size_t length = size * count;
  if (sink.body.size() + length > kLongestReply) {
    sink.overflow = true;
    return 0;
  }
  sink.body.append(data, length);
  return length;
}

std::string encode(std::string_view text, std::string_view also_plain) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' ||
                       also_plain.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append("%").append(1, kHex[byte >> 4U]).append(1, kHex[byte & 0xfU]);
    }
  }
  return out;
}

// Written out, because curl_easy_setopt takes anything and checks nothing.
void set(CURL* curl, CURLoption option, const std::string& text) {
  if (!text.empty()) curl_easy_setopt(curl, option, text.c_str());
}
void set(CURL* curl, CURLoption option, long value) { curl_easy_setopt(curl, option, value); }

void set_tls(CURL* curl, const Tls& tls) {
  set(curl, CURLOPT_CAINFO, tls.ca_cert);
  set(curl, CURLOPT_CAPATH, tls.ca_path);
  set(curl, CURLOPT_SSLCERT, tls.client_cert);
  set(curl, CURLOPT_SSLKEY, tls.client_key);
  set(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (tls.skip_verify) {
    set(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    set(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

void set_transport(CURL* curl, const Settings& settings) {
  // Only what an address can name: no file:, and nobody's redirect to it.
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl, CURLOPT_FOLLOWLOCATION, 0L);
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_VERBOSE, 0L);
  set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  // `a/../b` goes out as it was typed: the daemon refuses it, curl would quietly make it `b`.
  set(curl, CURLOPT_PATH_AS_IS, 1L);
  if (settings.address.socket_path.empty()) {
    set_tls(curl, settings.tls);
  } else {
    set(curl, CURLOPT_UNIX_SOCKET_PATH, settings.address.socket_path);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // http_proxy is not for sockets
  }
}

/// With another name to expect, that name stands in the URL, and curl is told where it really is.
Result<void> set_server_name(CURL* curl, const Settings& settings, HeaderList& connect_to,
                             std::string& url) {
  const std::string& name = settings.tls.server_name;
  constexpr std::string_view kHttps = "https://";
  if (name.empty() || url.substr(0, kHttps.size()) != kHttps) return {};
  const std::size_t path = url.find('/', kHttps.size());
  const std::string authority = url.substr(kHttps.size(), path - kHttps.size());
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && authority.back() != ']';
  const std::string port = has_port ? authority.substr(colon + 1) : "443";
  const std::string host = authority.substr(0, has_port ? colon : authority.size());
  if (!connect_to.add(encode(name, "") + ":" + port + ":" + host + ":" + port)) {
    return make_error(ErrorCode::resource_exhausted, "out of memory");
  }
  curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to.get());
  url = std::string(kHttps) + encode(name, "") + ":" + port + url.substr(path);
  return {};
}

Result<void> add_headers(HeaderList& headers, const Settings& settings, const HttpRequest& request,
                         const Token* token) {
  bool added = true;
  for (const std::string& line : request_headers(settings, request))
    added = added && headers.add(line);
  // Away with what curl would add by itself: Vault's clients send none of it.
  for (const char* line : {"Expect:", "Accept:"}) added = added && headers.add(line);
  if (request.method != "PATCH") added = added && headers.add("Content-Type:");
  if (token != nullptr) {
    std::string line = "X-Vault-Token: ";
    line.append(as_text(token->value.expose(Reveal{"send the token"})));
    added = added && headers.add(line);
    wipe(line);
  }
  if (!added) return make_error(ErrorCode::resource_exhausted, "out of memory");
  return {};
}

void set_method(CURL* curl, const HttpRequest& request) {
  if (request.method == "GET" && !request.body) return;
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.body) return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body->data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request.body->size()));
}

}  // namespace

void initialise_http() {
  curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_free_block, curl_realloc, curl_strdup,
                       curl_calloc);
}

std::string request_url(const Address& address, const HttpRequest& request) {
  std::string url = address.url + "/v1/" + encode(request.path, "/");
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    url.append(1, separator).append(encode(name, "")).append("=").append(encode(value, ""));
    separator = '&';
  }
  return url;
}

std::vector<std::string> request_headers(const Settings& settings, const HttpRequest& request) {
  std::vector<std::string> lines{"X-Vault-Request: true"};
  if (!settings.name_space.empty()) lines.push_back("X-Vault-Namespace: " + settings.name_space);
  if (!settings.wrap_ttl.empty()) lines.push_back("X-Vault-Wrap-TTL: " + settings.wrap_ttl);
  // RFC 7396: what a null in it means depends on this type, so servers ask for it.
  if (request.method == "PATCH") lines.push_back("Content-Type: application/merge-patch+json");
  for (const auto& [name, value] : settings.headers) lines.push_back(name + ": " + value);
  return lines;
}

Result<HttpReply> send_http(const Settings& settings, const Token* token,
                            const HttpRequest& request) {
  const Curl curl(curl_easy_init());
  if (!curl) return make_error(ErrorCode::resource_exhausted, "cannot set up libcurl");
  HeaderList headers;
  HeaderList connect_to;
  Sink sink;
  std::string url = request_url(settings.address, request);
  set_transport(curl.get(), settings);
  COFFER_CHECK(set_server_name(curl.get(), settings, connect_to, url));
  COFFER_CHECK(add_headers(headers, settings, request, token));
  set_method(curl.get(), request);
  set(curl.get(), CURLOPT_URL, url);
  set(curl.get(), CURLOPT_USERAGENT, std::string("coffer/").append(kVersion));
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &sink);

  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    if (sink.overflow) return make_error(ErrorCode::too_large, "the answer is beyond 32 MiB");
    long system_error = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_OS_ERRNO, &system_error);
    return transport_error(settings, static_cast<int>(code), static_cast<int>(system_error));
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  return HttpReply{static_cast<int>(status), std::move(sink.body)};
}

}  // namespace coffer::cli
