#include "privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coffer::daemon {
namespace {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
};

Error refused(std::string_view why) { return make_error(ErrorCode::precondition, why); }

Error failed(std::string_view what) {
  return make_error(ErrorCode::internal, what, std::strerror(errno));
}

Result<Account> find_account(const ProcessSettings& settings, const std::string& key) {
  std::vector<char> room(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(settings.user.c_str(), &entry, room.data(), room.size(), &found) != 0 ||
      found == nullptr) {
    return refused(key + ": no such user: " + settings.user);
  }
  Account account{entry.pw_uid, entry.pw_gid};
  if (settings.group.empty()) return account;
  group group_entry{};
  group* found_group = nullptr;
  if (getgrnam_r(settings.group.c_str(), &group_entry, room.data(), room.size(), &found_group) !=
          0 ||
      found_group == nullptr) {
    return refused("process.group: no such group: " + settings.group);
  }
  account.gid = group_entry.gr_gid;
  return account;
}

/// All three ids of each kind, and no way back.
Result<void> check_became(const Account& account) {
  uid_t uids[3] = {};
  gid_t gids[3] = {};
  if (getresuid(&uids[0], &uids[1], &uids[2]) != 0) return failed("cannot read the user ids");
  if (getresgid(&gids[0], &gids[1], &gids[2]) != 0) return failed("cannot read the group ids");
  for (int i = 0; i < 3; ++i) {
    if (uids[i] != account.uid || gids[i] != account.gid) {
      return make_error(ErrorCode::internal, "the user was changed, but it didn't take");
    }
  }
  if (account.uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)) {
    return make_error(ErrorCode::internal, "root was given up, but could be had again");
  }
  return {};
}

Result<void> change_to(const std::string& user, const Account& account) {
  // Groups first: without root no one may set them.
  if (initgroups(user.c_str(), account.gid) != 0) return failed("cannot set the groups");
  if (setresgid(account.gid, account.gid, account.gid) != 0) return failed("cannot set the group");
  if (setresuid(account.uid, account.uid, account.uid) != 0) return failed("cannot set the user");
  // A change of user sets this anew (prctl(2), PR_SET_DUMPABLE).
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed("cannot turn core dumps off");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("cannot renounce privileges");
  return check_became(account);
}

}  // namespace

Result<void> choose_worker_user(const ProcessSettings& process, const std::string& worker_user,
                                pkcs11::Settings& settings) {
  if (worker_user.empty() && process.user.empty()) return {};
  const bool own = !worker_user.empty();
  const ProcessSettings wanted = own ? ProcessSettings{.user = worker_user} : process;
  COFFER_TRY(const Account account,
             find_account(wanted, own ? "token.worker_user" : "process.user"));
  if (own && account.uid == 0) return refused("token.worker_user is root");
  if (own && geteuid() != 0 && geteuid() != account.uid) {
    return refused("token.worker_user is another user: only root can become it");
  }
  if (geteuid() != 0) return {};  // become_user() says what is wrong with process.user
  settings.user = wanted.user;
  settings.uid = account.uid;
  settings.gid = account.gid;
  return {};
}

Result<void> become_user(const ProcessSettings& settings) {
  if (settings.user.empty()) {
    if (!settings.group.empty()) return refused("process.group is given without process.user");
    if (geteuid() == 0 && !settings.allow_root) {
      return refused(
          "started as root: give process.user, or set process.allow_root if it has to be");
    }
    return {};
  }
  COFFER_TRY(const Account account, find_account(settings, "process.user"));
  if (account.uid == 0 && !settings.allow_root) {
    return refused("process.user is root: set process.allow_root if it has to be");
  }
  if (geteuid() == account.uid && getegid() == account.gid) return {};
  if (geteuid() != 0) return refused("process.user is another user: only root can become it");
  return change_to(settings.user, account);
}

}  // namespace coffer::daemon
