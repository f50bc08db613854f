#include "src/cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace coffer::cli {
namespace {

/// Both ends of a pseudo terminal: what the user types and sees, and what the program has.
class Pty {
 public:
  Pty() { EXPECT_EQ(::openpty(&user_, &program_, nullptr, nullptr, nullptr), 0); }
  ~Pty() {
    ::close(user_);
    ::close(program_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  [[nodiscard]] int program() const { return program_; }
  void type(const std::string& text) const {
    EXPECT_EQ(::write(user_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// Everything that the user sees until `end` appears.
  [[nodiscard]] std::string see_until(const std::string& end) const {
    std::string seen;
    char c = 0;
    while (seen.find(end) == std::string::npos && ::read(user_, &c, 1) == 1) seen += c;
    return seen;
  }
  [[nodiscard]] bool echoes() const {
    termios state{};
    EXPECT_EQ(::tcgetattr(program_, &state), 0);
    return (state.c_lflag & static_cast<tcflag_t>(ECHO)) != 0;
  }

 private:
  int user_ = -1;
  int program_ = -1;
};

TEST(Terminal, AnAnswerIsReadWithoutEchoAndEchoComesBack) {
  const Pty pty;
  ASSERT_TRUE(pty.echoes());
  Result<std::string> answer = std::string();
  std::thread program([&] { answer = ask_hidden_on(pty.program(), "password"); });
  EXPECT_EQ(pty.see_until("password: "), "password: ");
  EXPECT_FALSE(pty.echoes());
  pty.type("s3cret\n");
  EXPECT_EQ(pty.see_until("\n"), "\r\n");  // nothing of what was typed
  program.join();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, "s3cret");
  EXPECT_TRUE(pty.echoes());
}

TEST(Terminal, AnInterruptEndsTheQuestionAndEchoComesBack) {
  for (const char* typed : {"half\003", "half\034", "half\004\004"}) {
    const Pty pty;
    Result<std::string> answer = std::string();
    std::thread program([&] { answer = ask_hidden_on(pty.program(), "password"); });
    EXPECT_EQ(pty.see_until("password: "), "password: ");
    pty.type(typed);
    program.join();
    EXPECT_FALSE(answer.ok());
    EXPECT_TRUE(pty.echoes());
  }
}

TEST(Terminal, WithoutATerminalThereIsNoQuestion) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const auto answer = ask_hidden_on(null, "password");
  ::close(null);
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().text.find("there is no terminal"), std::string::npos);
}

TEST(Terminal, AFileIsReadWhole) {
  std::string path = "/tmp/coffer-file-XXXXXX";
  const int file = ::mkstemp(path.data());
  ::close(file);
  const std::string content = std::string(100'000, 'x') + '\n' + std::string(1, '\0');
  std::ofstream(path, std::ios::binary) << content;
  const auto read = read_file(path);
  ::unlink(path.c_str());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, content);
}

TEST(Terminal, AFileThatIsNotThereIsNamed) {
  const auto read = read_file("/nonexistent/x");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().text, "cannot read /nonexistent/x: No such file or directory");
  EXPECT_FALSE(read_file("/tmp").ok());
}

TEST(Terminal, EndlessInputIsGivenUp) {
  const auto read = read_file("/dev/zero");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace coffer::cli
