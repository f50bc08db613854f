// A program in a process of its own: as whom, with what, and with nothing else.
#pragma once

#include <sys/types.h>

#include "coffer/programs/control.h"

namespace coffer::exec_process {

/// What is needed to run it, looked up before there is anything to run: between fork and exec there
/// is no place for a look at the user database.
struct Runnable {
  programs::Program program;
  bool changes_user = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// precondition: no such file or user, a file that others than root and this user could change, a
/// user that can't be had.
[[nodiscard]] Result<Runnable> prepare(const programs::Program& program);

/// In a session of its own, so that its group can be ended as one. -1: there is none.
[[nodiscard]] pid_t start(const Runnable& runnable, int input, int output);

}  // namespace coffer::exec_process
