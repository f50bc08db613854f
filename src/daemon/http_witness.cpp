#include "http_witness.h"

#include <curl/curl.h>

#include <atomic>
#include <charconv>
#include <chrono>

#include "coffer/base/version.h"

namespace coffer::daemon {
namespace {

constexpr long kTimeoutMs = 5'000;
/// Of what begins while the daemon stops, which waits for it.
constexpr std::chrono::milliseconds kHurried{3'000};
constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kLongestAnswer = std::size_t{64} << 10U;

struct CurlCleanup {
  void operator()(CURL* curl) const noexcept { curl_easy_cleanup(curl); }
};
struct MultiCleanup {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListCleanup {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > kLongestAnswer) return 0;
  body.append(data, size * count);
  return size * count;
}

Error failed(std::string_view what) { return make_error(ErrorCode::unavailable, what); }

struct Answer {
  long status = 0;
  std::string body;
};

/// Its size in decimal and a line break (text/x.tlog.size).
Result<std::uint64_t> read_size(std::string_view body) {
  std::uint64_t size = 0;
  const auto read = std::from_chars(body.data(), body.data() + body.size(), size);
  const std::string_view rest = body.substr(static_cast<std::size_t>(read.ptr - body.data()));
  if (read.ec == std::errc() && (rest.empty() || rest == "\n")) return size;
  return failed("the witness answered 409 without the size that it knows");
}

class HttpWitness final : public audit::Witness {
 public:
  explicit HttpWitness(HttpWitnessConfig config) : config_(std::move(config)), url_(config_.url) {
    while (url_.ends_with('/')) url_.pop_back();
    if (url_.starts_with(kUnix)) {
      socket_ = url_.substr(kUnix.size());
      url_ = "http://localhost";
    }
    url_ += "/add-checkpoint";
    // Thread-safe from 7.84 on.
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) multi_.reset(curl_multi_init());
  }
  std::string name() const override { return "http"; }
  bool wants_proof() const override { return true; }
  const audit::Cosigner* key() const override { return config_.key ? &*config_.key : nullptr; }
  void hurry() noexcept override {
    hurried_ = true;
    if (multi_ != nullptr) curl_multi_wakeup(multi_.get());
  }

  Result<audit::WitnessAnswer> add(const audit::GrowthProof& proof) override {
    using Kind = audit::WitnessAnswer::Kind;
    COFFER_TRY(Answer answer, post(to_text(proof)));
    switch (answer.status) {
      case 200:
        if (answer.body.empty())
          return failed("the witness took the checkpoint and signed nothing");
        return audit::WitnessAnswer{Kind::taken, 0, std::move(answer.body)};
      case 404: return failed("the witness doesn't know this log");
      case 403: return failed("the witness doesn't know the key that signs this log");
      case 422: return audit::WitnessAnswer{Kind::fork, proof.old_size};
      case 409: {
        COFFER_TRY(const std::uint64_t size, read_size(answer.body));
        return audit::WitnessAnswer{Kind::other_size, size};
      }
      default: break;
    }
    return failed("the witness answered " + std::to_string(answer.status));
  }

 private:
  /// As curl_easy_perform(), but for hurry(), which ends what began before it.
  [[nodiscard]] Result<void> perform(CURL* curl, bool began_hurried) {
    const auto begun = std::chrono::steady_clock::now();
    if (curl_multi_add_handle(multi_.get(), curl) != CURLM_OK) {
      return failed("libcurl takes no request to a witness");
    }
    bool abandoned = false;
    int running = 1;
    while (curl_multi_perform(multi_.get(), &running) == CURLM_OK && running != 0) {
      abandoned = hurried_ && !began_hurried;
      if (abandoned || curl_multi_poll(multi_.get(), nullptr, 0, 1'000, nullptr) != CURLM_OK) break;
    }
    CURLcode code = CURLE_RECV_ERROR;
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    // A name that is being looked up would be waited for.
    if (abandoned) curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_multi_remove_handle(multi_.get(), curl);
    if (abandoned) {
      hangs_ = std::chrono::steady_clock::now() - begun > kHurried;
      return failed("the witness had not answered when the daemon stopped");
    }
    if (code == CURLE_OK) return {};
    return make_error(ErrorCode::unavailable, "cannot reach the witness", curl_easy_strerror(code));
  }

  [[nodiscard]] Result<Answer> post(const std::string& body) {
    const bool hurried = hurried_;
    if (hangs_) return failed("the witness had not answered when the daemon stopped");
    const std::unique_ptr<CURL, CurlCleanup> curl(multi_ == nullptr ? nullptr : curl_easy_init());
    if (curl == nullptr) return failed("libcurl can't be used");
    const std::unique_ptr<curl_slist, ListCleanup> head(
        curl_slist_append(nullptr, "Content-Type: application/octet-stream"));
    const std::string agent = "coffer/" + std::string(kVersion);
    Answer answer;
    const auto set = [&](CURLoption option, auto value) {
      return curl_easy_setopt(curl.get(), option, value) == CURLE_OK;
    };
    const bool ready = head != nullptr && set(CURLOPT_URL, url_.c_str()) &&
                       set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_NOSIGNAL, 1L) &&
                       set(CURLOPT_TIMEOUT_MS, hurried ? long{kHurried.count()} : kTimeoutMs) &&
                       set(CURLOPT_FORBID_REUSE, 1L) && set(CURLOPT_USERAGENT, agent.c_str()) &&
                       set(CURLOPT_HTTPHEADER, head.get()) && set(CURLOPT_PROXY, "") &&
                       set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size())) &&
                       set(CURLOPT_POSTFIELDS, body.c_str()) &&
                       set(CURLOPT_WRITEFUNCTION, take_body) &&
                       set(CURLOPT_WRITEDATA, &answer.body);
    if (!socket_.empty() && !set(CURLOPT_UNIX_SOCKET_PATH, socket_.c_str())) {
      return failed("libcurl takes no socket of a witness");
    }
    if (!config_.ca_file.empty() && !(set(CURLOPT_CAINFO, config_.ca_file.c_str()) &&
                                      // Else the system's would do as well.
                                      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr)))) {
      return failed("libcurl takes no authorities for a witness");
    }
    if (!ready) return failed("libcurl takes no request to a witness");
    COFFER_CHECK(perform(curl.get(), hurried));
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
  }

  const HttpWitnessConfig config_;
  std::string url_;
  std::string socket_;  ///< empty: over the network
  std::unique_ptr<CURLM, MultiCleanup> multi_;
  std::atomic<bool> hurried_ = false;
  bool hangs_ = false;  ///< of the caller alone: it was given up
};

}  // namespace

std::unique_ptr<audit::Witness> make_http_witness(HttpWitnessConfig config) {
  return std::make_unique<HttpWitness>(std::move(config));
}

}  // namespace coffer::daemon
