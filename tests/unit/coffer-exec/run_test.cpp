// Real programs under the real coffer-exec: as whom they run, what they have, and that they end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "coffer/programs/programs.h"

namespace coffer::programs {
namespace {

using std::chrono::seconds;

class ProgramsTest : public testing::Test {
 protected:
  ProgramsTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as cofferd does
    std::string pattern = "/tmp/coffer-exec-test-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    ::chmod(directory_.c_str(), 0755);
  }
  ~ProgramsTest() override {
    runner_.reset();
    const std::string command = "rm -rf " + directory_;
    EXPECT_EQ(std::system(command.c_str()), 0);
  }

  std::string script(const std::string& name, const std::string& body, mode_t mode = 0755) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    ::chmod(path.c_str(), mode);
    return path;
  }
  static std::string helper() {
    char path[4096] = {};
    const ssize_t size = ::readlink("/proc/self/exe", path, sizeof(path) - 1);
    std::string self(path, static_cast<std::size_t>(size));
    return self.substr(0, self.rfind('/')) + "/coffer-exec";
  }
  /// A command that starts a process which belongs to nobody any more, ignores what can be ignored,
  /// and writes its number into a file.
  std::string hide(const std::string& file) {
    const std::string itself =
        script("hide",
               "case $2 in\n"
               "far) trap '' TERM HUP INT; echo $$ > \"$1\"; exec sleep 600;;\n"
               "near) setsid \"$0\" \"$1\" far & exit 0;;\n"
               "esac\nsetsid \"$0\" \"$1\" near");
    return itself + " " + directory_ + "/" + file;
  }
  Result<void> start(std::vector<Program> programs) {
    auto started = start_runner(helper(), programs);
    if (!started.ok()) return started.error();
    runner_ = *std::move(started);
    return {};
  }
  Ran run(const std::string& body, const std::string& input = "",
          std::chrono::seconds deadline = seconds(20), const std::string& user = "") {
    const auto started =
        start({{.name = "it", .path = script("it", body), .user = user, .deadline = deadline}});
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().text);
    if (!started.ok()) return {};
    auto ran = runner_->run("it", input, {});
    EXPECT_TRUE(ran.ok()) << (ran.ok() ? "" : describe(ran.error()));
    return ran.ok() ? *std::move(ran) : Ran{};
  }
  static bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }
  /// Of a process that a script wrote into its directory.
  pid_t pid_in(const std::string& name) {
    pid_t pid = 0;
    for (int i = 0; i < 2000 && pid == 0; ++i) {
      std::ifstream(directory_ + "/" + name) >> pid;
      if (pid == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return pid;
  }
  bool ends(pid_t pid) {
    for (int i = 0; i < 2000 && alive(pid); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return !alive(pid);
  }

  std::string directory_;
  std::unique_ptr<Runner> runner_;
};

TEST_F(ProgramsTest, ReadsItsInputAndGivesItsOutput) {
  const Ran ran = run("read -r line; echo \"got $line\"", "hello\n");
  EXPECT_EQ(ran.end, Ran::End::exited);
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.output, "got hello\n");
}

TEST_F(ProgramsTest, OneThatReadsNothingIsNoTrouble) {
  const Ran ran = run("echo done", std::string(1U << 20U, 'x'));
  EXPECT_EQ(ran.output, "done\n");
  EXPECT_EQ(ran.end, Ran::End::exited);
}

TEST_F(ProgramsTest, MuchInAndMuchOutDontBlockEachOther) {
  const Ran ran = run("cat", std::string(1U << 20U, 'x'));
  EXPECT_EQ(ran.output.size(), 1U << 20U);
}

TEST_F(ProgramsTest, TellsHowItEnded) {
  EXPECT_EQ(run("exit 3").status, 3);
  const Ran killed = run("kill -TERM $$");
  EXPECT_EQ(killed.end, Ran::End::signalled);
  EXPECT_EQ(killed.status, SIGTERM);
}

TEST_F(ProgramsTest, HasNoEnvironmentNoFilesAndNoWayUp) {
  ::setenv("COFFER_TEST_CANARY", "canary", 1);
  const int open_here = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  const Ran ran =
      run("tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1 | tr '\\n' ' '; echo \"|\";"
          "ls /proc/$$/fd | tr '\\n' ' '; echo \"|\"; pwd;"
          "grep NoNewPrivs /proc/$$/status | tr -d '\\t '; ulimit -c; umask");
  ::close(open_here);
  EXPECT_EQ(ran.output.find("COFFER"), std::string::npos);
  EXPECT_EQ(ran.output.substr(0, 1), "|") << ran.output;
  EXPECT_NE(ran.output.find("|\n0 1 10 2 |"), std::string::npos)
      << "10 is the shell's own, its script: " << ran.output;
  EXPECT_NE(ran.output.find("|\n/\nNoNewPrivs:1\n0\n0077\n"), std::string::npos) << ran.output;
}

TEST_F(ProgramsTest, WhatItSaysOnStandardErrorIsLost) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run("echo canary >&2; echo out").output, "out\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("canary"), std::string::npos);
}

TEST_F(ProgramsTest, RunsAsItsUserAndNoOther) {
  const bool root = ::geteuid() == 0;
  const std::string user = root ? "nobody" : ::getpwuid(::geteuid())->pw_name;
  const Ran ran = run("id -un; id -ru", "", seconds(20), user);
  EXPECT_EQ(ran.output, user + "\n" + std::to_string(::getpwnam(user.c_str())->pw_uid) + "\n");
}

TEST_F(ProgramsTest, ADeadlineEndsItAndWhatItStarted) {
  const Ran ran =
      run("sleep 600 & echo $! > " + directory_ + "/child; echo $$ > " + directory_ + "/self; wait",
          "", seconds(1));
  EXPECT_EQ(ran.end, Ran::End::deadline);
  EXPECT_TRUE(ends(pid_in("self")));
  EXPECT_TRUE(ends(pid_in("child")));
}

TEST_F(ProgramsTest, WhatItLeavesBehindEndsWithIt) {
  const Ran ran = run("sleep 600 & echo $! > " + directory_ + "/child; exit 0");
  EXPECT_EQ(ran.end, Ran::End::exited);
  EXPECT_TRUE(ends(pid_in("child")));
}

TEST_F(ProgramsTest, ADeadlineEndsThoseTooThatLeftItsSession) {
  const Ran ran =
      run("trap '' TERM; " + hide("far") + "; while true; do sleep 600; done", "", seconds(2));
  EXPECT_EQ(ran.end, Ran::End::deadline);
  const pid_t far = pid_in("far");
  ASSERT_GT(far, 0);
  EXPECT_FALSE(alive(far)) << "when the run is over, all of it is";
}

TEST_F(ProgramsTest, WhoLeftItsSessionEndsWithIt) {
  const std::string far = directory_ + "/far";
  const Ran ran = run(hide("far") + "; while [ ! -s " + far + " ]; do sleep 0.01; done; exit 3");
  EXPECT_EQ(ran.end, Ran::End::exited);
  EXPECT_EQ(ran.status, 3);
  EXPECT_FALSE(alive(pid_in("far")));
}

/// One generation after another, each in a session of its own.
TEST_F(ProgramsTest, OneThatForksWithoutEndIsEnded) {
  const std::string relay =
      script("relay", "cd " + directory_ + " && echo $$ > last && setsid \"$0\" &");
  const Ran ran = run(relay + "; sleep 600", "", seconds(1));
  EXPECT_EQ(ran.end, Ran::End::deadline);
  const pid_t last = pid_in("last");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(pid_in("last"), last) << "it goes on";
}

TEST_F(ProgramsTest, OneWhoseHelperIsKilledEndsWithAllThatItHid) {
  ASSERT_TRUE(
      start({{.name = "it",
              .path = script("it", hide("far") + "; echo $$ > " + directory_ + "/self; sleep 600"),
              .user = "",
              .deadline = seconds(500)}})
          .ok());
  std::thread runs([&] { (void)runner_->run("it", "", {}); });
  const pid_t self = pid_in("self");
  const pid_t far = pid_in("far");
  const auto parent_of = [](pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string word; status >> word;) {
      pid_t parent = 0;
      if (word == "PPid:" && status >> parent) return parent;
    }
    return pid_t{0};
  };
  const pid_t keeper = parent_of(self);
  EXPECT_EQ(parent_of(far), keeper) << "whoever loses its parent comes to the keeper";
  const pid_t helper = parent_of(keeper);
  ASSERT_GT(helper, 1);
  ASSERT_NE(helper, ::getpid());
  ::kill(helper, SIGKILL);
  runs.join();
  EXPECT_TRUE(ends(self));
  EXPECT_TRUE(ends(far));
}

TEST_F(ProgramsTest, HasItsLimits) {
  const Ran ran = run("ulimit -v; ulimit -f; ulimit -n; ulimit -c");
  EXPECT_EQ(ran.output, "4194304\n131072\n256\n0\n");
}

TEST_F(ProgramsTest, OneThatWritesWithoutEndIsEnded) {
  const Ran ran = run("echo $$ > " + directory_ + "/self; yes");
  EXPECT_EQ(ran.end, Ran::End::too_much);
  EXPECT_TRUE(ends(pid_in("self")));
}

TEST_F(ProgramsTest, OneThatIsToldToStopIsEnded) {
  ASSERT_TRUE(start({{.name = "it",
                      .path = script("it", "echo $$ > " + directory_ + "/self; sleep 600"),
                      .user = ""}})
                  .ok());
  std::stop_source stop;
  std::thread teller([&] {
    pid_in("self");
    stop.request_stop();
  });
  const auto ran = runner_->run("it", "", stop.get_token());
  teller.join();
  ASSERT_TRUE(ran.ok());
  EXPECT_EQ(ran->end, Ran::End::cut);
  EXPECT_TRUE(ends(pid_in("self")));
}

TEST_F(ProgramsTest, AllEndWithTheirStarter) {
  ASSERT_TRUE(start({{.name = "it",
                      .path = script("it", "echo $$ > " + directory_ + "/self; sleep 600"),
                      .user = "",
                      .deadline = seconds(500)}})
                  .ok());
  std::stop_source stop;
  std::thread runs([&] { (void)runner_->run("it", "", stop.get_token()); });
  const pid_t self = pid_in("self");
  stop.request_stop();
  runs.join();
  runner_.reset();
  EXPECT_TRUE(ends(self));
}

TEST_F(ProgramsTest, ManyRunAtOnceAndEachHasItsOwnAnswer) {
  ASSERT_TRUE(start({{.name = "it", .path = script("it", "cat"), .user = ""}}).ok());
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      const std::string text = std::to_string(i);
      const auto ran = runner_->run("it", text, {});
      if (ran.ok() && ran->output == text) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16);
}

TEST_F(ProgramsTest, OneThatCantBeStartedSaysSo) {
  const std::string path = directory_ + "/it";
  std::ofstream(path) << "#!/no/such/interpreter\n";
  ::chmod(path.c_str(), 0755);
  ASSERT_TRUE(start({{.name = "it", .path = path, .user = ""}}).ok());
  const auto ran = runner_->run("it", "", {});
  ASSERT_TRUE(ran.ok());
  EXPECT_EQ(ran->end, Ran::End::not_begun);
}

TEST_F(ProgramsTest, KnowsNoneButThoseOfItsStart) {
  ASSERT_TRUE(start({{.name = "it", .path = script("it", "true"), .user = ""}}).ok());
  ASSERT_NE(runner_->find("it"), nullptr);
  EXPECT_EQ(runner_->find("it")->name, "it");
  EXPECT_EQ(runner_->find("/bin/sh"), nullptr);
  EXPECT_EQ(runner_->run("/bin/sh", "", {}).error().code, ErrorCode::not_found);
}

TEST_F(ProgramsTest, RefusesWhatOthersCouldChange) {
  const auto refused = [&](const Program& program, const std::string& why) {
    const auto started = start({program});
    ASSERT_FALSE(started.ok()) << why;
    EXPECT_NE(started.error().text.find(why), std::string::npos) << started.error().text;
  };
  refused({.name = "it", .path = script("a", "true", 0777), .user = ""}, "could change it");
  refused({.name = "it", .path = script("b", "true", 0644), .user = ""}, "can't be executed");
  refused({.name = "it", .path = script("c", "true", 04755), .user = ""}, "changes its user");
  refused({.name = "it", .path = directory_, .user = ""}, "regular file");
  refused({.name = "it", .path = directory_ + "/none", .user = ""}, "No such file");
  refused({.name = "it", .path = "bin/true", .user = ""}, "absolute");
  refused({.name = "it", .path = script("d", "true"), .user = "no-such-user"}, "no such user");
  const std::string open = directory_ + "/open";
  ::mkdir(open.c_str(), 0755);
  ::chmod(open.c_str(), 0777);
  std::ofstream(open + "/it") << "#!/bin/sh\n";
  ::chmod((open + "/it").c_str(), 0755);
  refused({.name = "it", .path = open + "/it", .user = ""}, "in its place");
}

}  // namespace
}  // namespace coffer::programs
