// rotation/, rotate/ and readers/: how secrets of a mount are rotated, and the runs themselves.
#pragma once

#include <atomic>
#include <memory>

#include "coffer/engines/kv/kv.h"
#include "rotation_run.h"

namespace coffer::engines::kv {

/// Thread-safe. One for all mounts.
class Rotations final {
 public:
  explicit Rotations(Parts parts, const Uuid& instance);
  Rotations(const Rotations&) = delete;
  Rotations& operator=(const Rotations&) = delete;

  /// It outlives the handlers.
  void add_to(lifecycle::Handlers& handlers);
  /// Whether the first segment of a path is one of ours.
  [[nodiscard]] static bool is_ours(std::string_view path) noexcept;
  [[nodiscard]] Result<model::Response> handle(engine::Context& context,
                                               const model::Request& request,
                                               std::string_view path);
  /// A read of `data/` that is about to be answered: noted once the answer is on record.
  [[nodiscard]] Result<void> was_read(engine::Context& context, const model::Request& request,
                                      std::string_view path);
  /// A secret goes with all that it had, or its rotation: so do its readers, once that is on
  /// record. `path` is the secret's own.
  void was_removed(engine::Context& context, std::string_view path);
  /// All readers of a mount that is gone.
  void forget(const Uuid& mount) { readers_.forget(mount); }
  /// Its place in the list, and what is due for it, anew.
  [[nodiscard]] Result<void> mend(const View& view, std::string_view path) const;

 private:
  using Answer = Result<model::Response>;
  [[nodiscard]] Answer read(engine::Context& context, std::string_view path) const;
  [[nodiscard]] Answer write(engine::Context& context, const model::Fields& fields,
                             std::string_view path);
  [[nodiscard]] Answer remove(engine::Context& context, const model::Fields& fields,
                              std::string_view path);
  [[nodiscard]] Answer rotate_now(engine::Context& context, std::string_view path);
  [[nodiscard]] Answer list_readers(engine::Context& context, std::string_view path) const;
  [[nodiscard]] Result<void> load(engine::SealedTransaction& tx, WallTime now);

  const Parts parts_;
  Readers readers_;
  Attempts attempts_;
  const RotationTools tools_;
  std::atomic<bool> loaded_ = false;
};

}  // namespace coffer::engines::kv
