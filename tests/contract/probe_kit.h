// What the probe's tests have in common.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "coffer/pkcs11/probe.h"

namespace coffer::pkcs11 {

/// "works", "cannot", "ignored"; "" if it wasn't tried.
inline std::string_view verdict(const ProbeReport& report, std::string_view check) {
  const auto found = std::find_if(report.findings.begin(), report.findings.end(),
                                  [&](const Finding& each) { return each.check == check; });
  return found == report.findings.end() ? std::string_view() : to_string(found->verdict);
}

inline ProbeReport probe(const TokenConfig& config, const SecureBytes& pin) {
  auto report = probe_token(config, pin);
  EXPECT_TRUE(report.ok()) << (report.ok() ? "" : describe(report.error()));
  return report.ok() ? *std::move(report) : ProbeReport{};
}

}  // namespace coffer::pkcs11
