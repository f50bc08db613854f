// A daemon in miniature: listens on a Unix socket, answers what the test scripted, and keeps the
// requests as the bytes that arrived.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace coffer::cli {

struct SeenRequest {
  std::string line;                            ///< "GET /v1/sys/seal-status HTTP/1.1"
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

class FakeVault final {
 public:
  FakeVault();
  ~FakeVault();
  FakeVault(const FakeVault&) = delete;
  FakeVault& operator=(const FakeVault&) = delete;

  /// What `METHOD target` gets. Anything else gets 404 {"errors":[]}.
  void answer(const std::string& method_and_target, int status, const std::string& body);
  /// The connection is closed without a word.
  void hang_up(const std::string& method_and_target) { answer(method_and_target, 0, ""); }

  /// From now on requests get no answer, and the connections stay open.
  void stay_silent();

  [[nodiscard]] std::string address() const { return "unix://" + socket_path(); }
  [[nodiscard]] std::string socket_path() const { return directory_ + "/vault.sock"; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::vector<SeenRequest> requests() const;

 private:
  struct Scripted {
    int status = 404;
    std::string body = R"({"errors":[]})";
  };
  void serve();
  void serve_one(int connection);

  std::string directory_;
  int listener_ = -1;
  std::mutex silence_;
  bool silent_ = false;
  std::vector<int> held_;
  mutable std::mutex mutex_;
  std::map<std::string, Scripted> script_;
  std::vector<SeenRequest> requests_;
  std::thread thread_;
};

}  // namespace coffer::cli
