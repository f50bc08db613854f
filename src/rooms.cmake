# The rooms, in the order of docs/architecture.md. A room may use only rooms above it;
# scripts/check_layers.py holds the same table and checks every #include.

include(GNUInstallDirs)

add_library(coffer_options INTERFACE)
target_include_directories(coffer_options INTERFACE ${PROJECT_SOURCE_DIR}/include
                                                    ${PROJECT_SOURCE_DIR}/pkcs11/include)
target_compile_options(
  coffer_options
  INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
            -Woverloaded-virtual -Wold-style-cast -Wformat=2 -Wnull-dereference
            -Wimplicit-fallthrough -Wswitch)

# coffer_room(name DIR directory USES rooms… LIBRARIES libraries…): a static library of all .cpp files
# directly in the directory (main.cpp aside).
function(coffer_room name)
  cmake_parse_arguments(ROOM "" "DIR" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${ROOM_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  set(target coffer_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/${ROOM_DIR})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} coffer_options ${ROOM_LIBRARIES})
  foreach(used ${ROOM_USES})
    target_link_libraries(${target} ${scope} coffer_${used})
  endforeach()
endfunction()

# What a user runs, without the tests: `cmake --build … --target programs`.
add_custom_target(programs)

# coffer_program(name DIR directory USES rooms… LIBRARIES …): DIR/main.cpp as build/…/bin/name.
function(coffer_program name)
  cmake_parse_arguments(PROGRAM "" "DIR" "USES;LIBRARIES" ${ARGN})
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/${PROGRAM_DIR}/main.cpp)
    return()
  endif()
  add_executable(${name} ${PROJECT_SOURCE_DIR}/${PROGRAM_DIR}/main.cpp)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/${PROGRAM_DIR})
  target_link_libraries(${name} PRIVATE coffer_options ${PROGRAM_LIBRARIES})
  foreach(used ${PROGRAM_USES})
    target_link_libraries(${name} PRIVATE coffer_${used})
  endforeach()
  add_dependencies(programs ${name})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

coffer_room(base DIR src/base LIBRARIES OpenSSL::Crypto spdlog::spdlog tl::expected Threads::Threads)
coffer_room(model DIR src/model USES base LIBRARIES nlohmann_json::nlohmann_json)
coffer_room(crypto DIR src/crypto USES base LIBRARIES OpenSSL::Crypto ${ZXCVBN_LIBRARY})
coffer_room(pkcs11 DIR pkcs11/src USES crypto LIBRARIES PkgConfig::P11KIT)
coffer_room(backup DIR src/backup USES crypto)
coffer_room(store DIR src/store USES base LIBRARIES PkgConfig::SQLITE)
coffer_room(policy DIR src/policy USES model)
coffer_room(audit DIR src/audit USES model crypto LIBRARIES PkgConfig::ZSTD)
coffer_room(envelope DIR src/envelope USES crypto pkcs11 store)
coffer_room(lifecycle DIR src/lifecycle USES model crypto audit envelope LIBRARIES date::date-tz)
coffer_room(programs DIR src/programs USES model lifecycle)
coffer_room(auth DIR src/auth USES model crypto envelope policy lifecycle)
coffer_room(connectors DIR src/connectors USES model crypto
            LIBRARIES PkgConfig::LIBPQ PkgConfig::MARIADB PkgConfig::HIREDIS)
coffer_room(engine DIR src/engine USES model audit envelope)
coffer_room(engine_kv DIR src/engines/kv USES engine lifecycle crypto)
coffer_room(engine_token DIR src/engines/token USES engine auth)
coffer_room(engine_unix DIR src/engines/unix USES engine auth)
coffer_room(engine_database DIR src/engines/database USES engine lifecycle crypto connectors)
coffer_room(engine_ssh DIR src/engines/ssh USES engine lifecycle crypto pkcs11)
coffer_room(engine_totp DIR src/engines/totp USES engine crypto)
coffer_room(core DIR src/core USES auth backup engine lifecycle policy)
coffer_room(sys DIR src/sys USES core LIBRARIES PkgConfig::PROMETHEUS)
# What leaves no library behind that could be asked for its version. A space in an option doesn't
# survive all generators.
set(built_with ${CMAKE_CXX_COMPILER_ID}@${CMAKE_CXX_COMPILER_VERSION}
               nlohmann_json@${nlohmann_json_VERSION} tl-expected@${tl-expected_VERSION})
list(JOIN built_with "," built_with)
set_source_files_properties(${PROJECT_SOURCE_DIR}/src/sys/sbom.cpp
                            PROPERTIES COMPILE_DEFINITIONS COFFER_BUILT_WITH="${built_with}")
coffer_room(face_vault DIR src/faces/vault USES core)
coffer_room(daemon DIR src/daemon USES face_vault sys engine_kv engine_token engine_unix engine_ssh engine_totp
            engine_database programs
            LIBRARIES boost_program_options PkgConfig::SYSTEMD CURL::libcurl)
coffer_room(token_process DIR src/coffer-token USES pkcs11 crypto LIBRARIES PkgConfig::SECCOMP)
coffer_room(exec_process DIR src/coffer-exec USES programs)
coffer_room(ceremony DIR src/ceremony USES model crypto pkcs11 envelope audit
            LIBRARIES boost_program_options PkgConfig::GFSHARE PkgConfig::ARCHIVE)
coffer_room(auditor DIR src/coffer-audit USES model crypto audit
            LIBRARIES boost_program_options PkgConfig::ARCHIVE)
coffer_room(cli DIR src/cli USES model backup policy
            LIBRARIES CURL::libcurl boost_program_options PkgConfig::ARCHIVE)

coffer_program(cofferd DIR src/daemon USES daemon)
coffer_program(coffer-token DIR src/coffer-token USES token_process)
coffer_program(coffer-exec DIR src/coffer-exec USES exec_process)
add_dependencies(cofferd coffer-token coffer-exec)  # it starts the program beside it
coffer_program(coffer DIR src/cli USES cli)
coffer_program(coffer-ceremony DIR src/ceremony USES ceremony)
coffer_program(coffer-audit DIR src/coffer-audit USES auditor)

# At -O2 GCC 12.2 sees null dereferences in inline functions of Asio and Program_options. Options of
# source files come last, so they win over those of all rooms.
foreach(target coffer_daemon coffer_cli coffer_auditor cofferd coffer coffer-audit
               coffer_ceremony coffer-ceremony)
  if(TARGET ${target})
    get_target_property(sources ${target} SOURCES)
    set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -Wno-null-dereference)
  endif()
endforeach()
