// Who connected, with real processes, users and groups; and where systemd put them.
#include "src/daemon/peer.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>

#include "coffer/base/clock.h"

namespace coffer::daemon {
namespace {

std::string unit_of(std::string_view cgroups) {
  const UnitPlace place = place_in_cgroups(cgroups);
  return place.unit + (place.container ? " (container)" : "");
}

TEST(Cgroup, TheUnitIsTheFirstThatIsNoSlice) {
  EXPECT_EQ(unit_of("0::/system.slice/app.service\n"), "app.service");
  EXPECT_EQ(unit_of("0::/a.slice/a-b.slice/app@1.service/sub/deep"), "app@1.service");
  EXPECT_EQ(unit_of("0::/user.slice/user-0.slice/session-3.scope\n"), "session-3.scope");
  EXPECT_EQ(unit_of("0::/init.scope\n"), "init.scope");
  EXPECT_EQ(unit_of("0::/\n"), "");
  EXPECT_EQ(unit_of("0::/system.slice\n"), "");
}

TEST(Cgroup, AUsersOwnUnitIsTheManagersWhateverItsName) {
  EXPECT_EQ(unit_of("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app.service\n"),
            "user@1000.service");
  EXPECT_EQ(unit_of("0::/user.slice/user-1000.slice/user@1000.service/system.slice/x.service"),
            "user@1000.service");
}

TEST(Cgroup, AGroupBelowSomethingElseIsNoUnit) {
  EXPECT_EQ(unit_of("0::/somewhere/app.service\n"), "");
  EXPECT_EQ(unit_of("0::/app.service.d/app.service\n"), "");
}

TEST(Cgroup, ContainersAreToldApartFromTheirDaemons) {
  EXPECT_EQ(unit_of("0::/system.slice/docker-0a1b.scope\n"), "docker-0a1b.scope (container)");
  EXPECT_EQ(unit_of("0::/system.slice/docker.service\n"), "docker.service");
  EXPECT_EQ(unit_of("0::/machine.slice/libpod-0a.scope/container"), "libpod-0a.scope (container)");
  EXPECT_EQ(unit_of("0::/machine.slice/systemd-nspawn@a.service/payload/app.service"),
            "systemd-nspawn@a.service (container)");
  EXPECT_EQ(unit_of("0::/docker/" + std::string(64, 'a')), " (container)");
  EXPECT_EQ(unit_of("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope"),
            "cri-containerd-1.scope (container)");
  EXPECT_EQ(unit_of("0::/lxc.payload.box/system.slice/app.service"), " (container)");
  EXPECT_EQ(unit_of("0::/user.slice/user-1.slice/user@1.service/user.slice/libpod-a.scope"),
            "user@1.service (container)");
}

TEST(Cgroup, OldAndNewHierarchiesMustAgree) {
  EXPECT_EQ(unit_of("2:cpu:/x\n1:name=systemd:/system.slice/app.service\n0::/\n"), "app.service");
  EXPECT_EQ(unit_of("1:name=systemd:/\n0::/system.slice/app.service\n"), "app.service");
  EXPECT_EQ(unit_of("1:name=systemd:/system.slice/a.service\n"), "a.service");
  EXPECT_EQ(unit_of("1:name=systemd:/system.slice/a.service\n0::/system.slice/b.service\n"),
            " (container)");
  EXPECT_EQ(unit_of("1:name=systemd:/docker/a\n0::/system.slice/b.service\n"),
            "b.service (container)");
}

TEST(Cgroup, WhatCannotBeReadIsAsInAContainer) {
  for (const char* text :
       {"", "\n", "0", "0:", "0::", "0::x", "nonsense", "2:cpu:/\n", "0::/../x.service",
        "0::/system.slice/app.service (deleted)", "0::/a.slice//b.service", "::/x"}) {
    EXPECT_EQ(unit_of(text), " (container)") << text;
  }
}

TEST(Cgroup, OnlyUnitNamesAreUnits) {
  EXPECT_EQ(unit_of("0::/system.slice/app.timer\n"), "");
  EXPECT_EQ(unit_of("0::/system.slice/a\tb.service\n"), "");
  EXPECT_EQ(unit_of("0::/system.slice/" + std::string(256, 'a') + ".service\n"), "");
}

/// A listening socket, and a process that connects to it and stays until it is told.
class PeerTest : public ::testing::Test {
 protected:
  PeerTest() {
    char name[] = "/tmp/coffer-peer-XXXXXX";
    folder_ = mkdtemp(name);
    chmod(folder_.c_str(), 0755);
    path_ = folder_ + "/socket";
    listener_ = listen_on(path_);
    chmod(path_.c_str(), 0777);
  }
  ~PeerTest() override {
    close(listener_);
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  static sockaddr_un address(const std::string& path) {
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    std::strncpy(out.sun_path, path.c_str(), sizeof(out.sun_path) - 1);
    return out;
  }
  static int listen_on(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un where = address(path);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    EXPECT_EQ(listen(fd, 8), 0);
    return fd;
  }
  static int connect_to(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un where = address(path);
    return connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 ? fd : -1;
  }

  /// Accepts from a child that ran `before` and connected; the child lives until `look` is over.
  void with_child(const std::function<void()>& before,
                  const std::function<void(int socket, pid_t child)>& look) {
    const pid_t child = fork();
    if (child == 0) {
      before();
      const int fd = connect_to(path_);
      char byte = 0;
      _exit(fd >= 0 && read(fd, &byte, 1) >= 0 ? 0 : 1);
    }
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    look(accepted, child);
    close(accepted);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }

  std::string folder_;
  std::string path_;
  int listener_ = -1;
};

TEST_F(PeerTest, AnotherUserIsWhoItIsWithItsGroups) {
  const bool root = geteuid() == 0;  // else this user looks at itself
  with_child(
      [&] {
        const gid_t groups[] = {7, 8};
        if (root && (setgroups(2, groups) != 0 || setgid(4321) != 0 || setuid(1234) != 0)) {
          _exit(1);
        }
      },
      [&](int socket, pid_t child) {
        const auto peer = peer_of(socket);
        ASSERT_TRUE(peer.ok());
        EXPECT_EQ(peer->pid, child);
        EXPECT_EQ(peer->uid, root ? 1234 : geteuid());
        EXPECT_EQ(peer->gid, root ? 4321 : getegid());
        if (root) {
          EXPECT_EQ(peer->groups, (std::vector<gid_t>{7, 8}));
        }
      });
}

TEST_F(PeerTest, APeerThatIsGoneCannotBeMadeOut) {
  const pid_t child = fork();
  if (child == 0) _exit(connect_to(path_) >= 0 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  // Its number is given to another process, where the kernel lets us ask for that.
  std::ofstream("/proc/sys/kernel/ns_last_pid") << child - 1;
  const pid_t next = fork();
  if (next == 0) {
    pause();
    _exit(0);
  }
  const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const auto peer = peer_of(accepted);
  kill(next, SIGKILL);
  waitpid(next, nullptr, 0);
  close(accepted);
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->uid, geteuid());
  EXPECT_EQ(peer->unit, "");
  EXPECT_TRUE(peer->container);
}

TEST_F(PeerTest, ByNumberAloneOnlyWhoStartedBeforeAndRunsAsThatUser) {
  const auto now = [] { return system_clock().boottime(); };
  const UnitPlace own = place_by_number(getpid(), geteuid(), now());
  const UnitPlace expected = [&] {
    std::ifstream file("/proc/self/cgroup");
    return place_in_cgroups(std::string(std::istreambuf_iterator<char>(file), {}));
  }();
  EXPECT_EQ(own.unit, expected.unit);
  EXPECT_EQ(own.container, expected.container);
  EXPECT_TRUE(place_by_number(getpid(), geteuid() + 1, now()).container);
  EXPECT_TRUE(place_by_number(getpid(), geteuid(), std::chrono::nanoseconds(0)).container);
  EXPECT_TRUE(place_by_number(0x3fffffff, geteuid(), now()).container);
}

TEST_F(PeerTest, WhoHasTheNumberNextIsNotTakenForThePeer) {
  const auto accepted = system_clock().boottime();
  const pid_t later = fork();
  if (later == 0) {
    pause();
    _exit(0);
  }
  EXPECT_TRUE(place_by_number(later, geteuid(), accepted - std::chrono::seconds(1)).container);
  kill(later, SIGKILL);
  waitpid(later, nullptr, 0);
}

TEST_F(PeerTest, AUserWithoutAMappingIsTheOverflowUser) {
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWUSER) != 0) _exit(2);  // not allowed here
    const int fd = connect_to(path_);
    const auto peer = peer_of(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    _exit(fd >= 0 && peer.ok() && peer->uid == 65534 && peer->gid == 65534 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_NE(WEXITSTATUS(status), 1);
}

/// Where cgroups can be made: a unit's own, and a container's.
TEST_F(PeerTest, AProcessInAUnitsGroupIsOfThatUnit) {
  std::string top = "/sys/fs/cgroup/unified";
  if (access((top + "/cgroup.procs").c_str(), W_OK) != 0) top = "/sys/fs/cgroup";
  for (const auto& each : {std::pair("coffer-test.service", "coffer-test.service"),
                           std::pair("docker-c0ffee.scope", "docker-c0ffee.scope (container)")}) {
    const std::string expected = each.second;  // clang 14 captures no part of a binding
    const std::string folder = top + "/" + each.first;
    const bool made = mkdir(folder.c_str(), 0755) == 0;
    with_child(
        [&] {
          if (made) std::ofstream(folder + "/cgroup.procs") << getpid() << std::endl;
        },
        [&](int socket, pid_t) {
          const auto peer = peer_of(socket);
          ASSERT_TRUE(peer.ok());
          if (made) {
            EXPECT_EQ(peer->unit + (peer->container ? " (container)" : ""), expected);
          }
        });
    if (made) {
      EXPECT_EQ(rmdir(folder.c_str()), 0);
    }
  }
}

TEST_F(PeerTest, AskingCostsLittle) {
  with_child([] {},
             [](int socket, pid_t) {
               constexpr int kTimes = 200;
               const auto begin = system_clock().boottime();
               for (int i = 0; i < kTimes; ++i) ASSERT_TRUE(peer_of(socket).ok());
               const auto each = (system_clock().boottime() - begin) / kTimes;
               RecordProperty("nanoseconds_each", static_cast<int>(each.count()));
               EXPECT_LT(each, std::chrono::milliseconds(5));
             });
}

}  // namespace
}  // namespace coffer::daemon
