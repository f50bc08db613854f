// One function a command; each gives the exit status.
#pragma once

#include "options.h"

namespace coffer::auditor {

int verify(const Options& options);
int prove(const Options& options);
int check(const Options& options);
int search(const Options& options);
int follow(const Options& options);
int report(const Options& options);
int verify_evidence(const Options& options);
int verify_attestation(const Options& options);
int compress(const Options& options);
int prune(const Options& options);

}  // namespace coffer::auditor
