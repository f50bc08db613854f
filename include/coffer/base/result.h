// A value or an Error. Our own class over tl::expected so that it is [[nodiscard]] and can't throw:
// no value(), no monadic calls; look first, or use COFFER_TRY and COFFER_CHECK.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "coffer/base/error.h"

namespace coffer {

template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return make_error(…);` are how results are made.
  Result(T value) : expected_(std::move(value)) {}                    // NOLINT(*-explicit-*)
  Result(Error error) : expected_(tl::unexpect, std::move(error)) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] bool ok() const noexcept { return expected_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }

  // Precondition of all below: ok() (for error(): !ok()).
  [[nodiscard]] T& operator*() & noexcept { return *expected_; }
  [[nodiscard]] const T& operator*() const& noexcept { return *expected_; }
  [[nodiscard]] T&& operator*() && noexcept { return *std::move(expected_); }
  [[nodiscard]] T* operator->() noexcept { return &*expected_; }
  [[nodiscard]] const T* operator->() const noexcept { return &*expected_; }
  [[nodiscard]] const Error& error() const& noexcept { return expected_.error(); }
  [[nodiscard]] Error&& error() && noexcept { return std::move(expected_).error(); }

 private:
  tl::expected<T, Error> expected_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : expected_(tl::unexpect, std::move(error)) {}  // NOLINT(*-explicit-*)

  [[nodiscard]] bool ok() const noexcept { return expected_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] const Error& error() const& noexcept { return expected_.error(); }
  [[nodiscard]] Error&& error() && noexcept { return std::move(expected_).error(); }

 private:
  tl::expected<void, Error> expected_;
};

}  // namespace coffer

#define COFFER_CONCAT_INNER(a, b) a##b
#define COFFER_CONCAT(a, b) COFFER_CONCAT_INNER(a, b)

/// COFFER_TRY(auto row, store.get(key)); returns the error from the enclosing function, else binds.
#define COFFER_TRY(declaration, expression)                            \
  auto COFFER_CONCAT(coffer_result_, __LINE__) = (expression);         \
  if (!COFFER_CONCAT(coffer_result_, __LINE__).ok())                   \
    return std::move(COFFER_CONCAT(coffer_result_, __LINE__)).error(); \
  declaration = *std::move(COFFER_CONCAT(coffer_result_, __LINE__))

/// COFFER_CHECK(log.sync()); the same for calls that give no value.
#define COFFER_CHECK(expression)                                  \
  if (auto COFFER_CONCAT(coffer_check_, __LINE__) = (expression); \
      !COFFER_CONCAT(coffer_check_, __LINE__).ok())               \
  return std::move(COFFER_CONCAT(coffer_check_, __LINE__)).error()
