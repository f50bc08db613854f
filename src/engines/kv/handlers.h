// What each path of the engine does. `path` is what follows the first segment: the secret's own,
// checked already; for list and scan the folder's, with its slash, or empty.
#pragma once

#include "coffer/engine/engine.h"

namespace coffer::engines::kv {

using Handler = Result<model::Response> (*)(engine::Context& context, const model::Request& request,
                                            std::string_view path);

// data.cpp
Result<model::Response> read_data(engine::Context&, const model::Request&, std::string_view path);
Result<model::Response> write_data(engine::Context&, const model::Request&, std::string_view path);
Result<model::Response> delete_data(engine::Context&, const model::Request&, std::string_view path);
// read_when.cpp
Result<model::Response> read_stage(engine::Context&, const model::Request&, std::string_view path);
/// nullopt: there is another version than the caller has; read on.
Result<std::optional<model::Response>> wait_for_another(engine::Context&, const model::Request&,
                                                        std::string_view path);
// patch.cpp
Result<model::Response> patch_data(engine::Context&, const model::Request&, std::string_view path);
Result<model::Response> read_subkeys(engine::Context&, const model::Request&,
                                     std::string_view path);
// versions.cpp
Result<model::Response> delete_versions(engine::Context&, const model::Request&,
                                        std::string_view path);
Result<model::Response> undelete_versions(engine::Context&, const model::Request&,
                                          std::string_view path);
Result<model::Response> destroy_versions(engine::Context&, const model::Request&,
                                         std::string_view path);
// metadata.cpp
Result<model::Response> read_metadata(engine::Context&, const model::Request&,
                                      std::string_view path);
Result<model::Response> write_metadata(engine::Context&, const model::Request&,
                                       std::string_view path);
Result<model::Response> patch_metadata(engine::Context&, const model::Request&,
                                       std::string_view path);
Result<model::Response> delete_metadata(engine::Context&, const model::Request&,
                                        std::string_view path);
// config.cpp
Result<model::Response> read_config(engine::Context&, const model::Request&, std::string_view path);
Result<model::Response> write_config(engine::Context&, const model::Request&,
                                     std::string_view path);

// list.cpp: the same for both versions but for the paths that a scan asks about.
Result<model::Response> list_keys(engine::Context&, const model::Request&, std::string_view folder);
Result<model::Response> scan_keys(engine::Context&, const model::Request&, std::string_view folder);
Result<model::Response> scan_keys_of_version1(engine::Context&, const model::Request&,
                                              std::string_view folder);

// clear.cpp: both versions.
Result<bool> clear_mount(engine::SealedTransaction& tx, const engine::Mount& mount);

// known_secrets.cpp: both versions.
Result<std::vector<engine::KnownSecret>> known_secrets(const engine::RowName& row,
                                                       std::string_view value);

// version1.cpp, version2.cpp
std::span<const engine::PathRule> paths_of_version1() noexcept;
std::span<const engine::PathRule> paths_of_version2() noexcept;
Result<bool> exists_in_version1(engine::Context& context, std::string_view path);
Result<bool> exists_in_version2(engine::Context& context, std::string_view path);
Result<model::Response> handle_version1(engine::Context& context, const model::Request& request,
                                        std::string_view path);
Result<model::Response> handle_version2(engine::Context& context, const model::Request& request,
                                        std::string_view path);

}  // namespace coffer::engines::kv
