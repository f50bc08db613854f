// A real database server of one test program: in a private directory, on a Unix socket there,
// without TCP; ended and removed with this. Root isn't let in by two of the three: they run as the
// user of their own that Debian's package made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coffer/connectors/target.h"
#include "fakes/child_process.h"

namespace coffer::contract {

/// A login that stays open.
class Session {
 public:
  virtual ~Session() = default;
  /// False: the server has ended it, or refuses.
  virtual bool run(const std::string& statement) = 0;
};

class DatabaseServer {
 public:
  virtual ~DatabaseServer();
  DatabaseServer(const DatabaseServer&) = delete;
  DatabaseServer& operator=(const DatabaseServer&) = delete;

  /// With an administrator of no more rights than docs/database.md asks for, and what `creation()`
  /// grants. Throws.
  [[nodiscard]] static std::unique_ptr<DatabaseServer> start(connectors::Kind kind);

  [[nodiscard]] virtual connectors::Kind kind() const = 0;
  [[nodiscard]] virtual std::string url() const = 0;
  /// Statements that make a user who may read a little.
  [[nodiscard]] virtual std::vector<std::string> creation() const = 0;
  /// The same with a mistake at the end.
  [[nodiscard]] virtual std::vector<std::string> wrong_creation() const = 0;
  /// A statement that every user may run, and one by which a user finds that it is nobody's.
  [[nodiscard]] virtual std::string harmless() const = 0;
  /// nullptr: not let in.
  [[nodiscard]] virtual std::unique_ptr<Session> log_in(const std::string& name,
                                                        const std::string& password) = 0;
  /// As the server's owner.
  virtual void as_owner(const std::string& statement) = 0;
  /// A user without any right.
  virtual void add_powerless(const std::string& name, const std::string& password) = 0;
  /// What the server wrote down of the statements that it got.
  [[nodiscard]] std::string statement_log() const;

  void stop();  ///< as by a crash: at once
  void restart();
  void pause();  ///< it stands still, and so do all its sessions
  void resume();

  [[nodiscard]] connectors::TargetConfig config() const;
  [[nodiscard]] const std::string& directory() const { return directory_; }

  static constexpr const char* kAdmin = "coffer";
  static constexpr const char* kAdminPassword = "the administrator's password";

 protected:
  DatabaseServer(std::string program, std::string user);
  [[nodiscard]] std::vector<std::string> as_user(std::vector<std::string> argv) const;
  [[nodiscard]] virtual std::vector<std::string> command() const = 0;
  /// Until it lets its owner in.
  virtual bool is_up() = 0;
  void launch();

  std::string directory_;

 private:
  void signal_all(int signal) const;

  const std::string user_;
  std::unique_ptr<fakes::ChildProcess> process_;
};

[[nodiscard]] SecureBytes secret(std::string_view text);
void must(const Result<void>& result);  ///< throws

}  // namespace coffer::contract
