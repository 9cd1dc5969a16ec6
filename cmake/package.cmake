# What is installed, and the Debian package of it: `script/package`, or
# `cmake --build … --target package_files` and cpack.

# The manual, the completions and the settings are written by the programs themselves, so that they
# cannot say anything else.
set(package_files ${CMAKE_BINARY_DIR}/package_files)
set(packaging ${CMAKE_SOURCE_DIR}/packaging)
add_custom_target(package_files
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${package_files}
  COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tools/make_manual.py
          $<TARGET_FILE_DIR:parley> ${packaging}/default ${package_files}/man
  COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tools/make_completions.py
          $<TARGET_FILE_DIR:parley> ${package_files}/completions
  COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tools/make_package_files.py
          $<TARGET_FILE:parley> ${CMAKE_SOURCE_DIR} ${package_files}
  DEPENDS parley websocket_server webtransport_server
  COMMENT "Writing the manual, the completions and the settings of the package"
  VERBATIM)

install(TARGETS parley websocket_server webtransport_server DESTINATION bin)
install(DIRECTORY demo client DESTINATION share/parley)
install(DIRECTORY etc/systemd/ DESTINATION lib/systemd/system)
install(FILES ${packaging}/sysctl.conf DESTINATION lib/sysctl.d RENAME 60-parley.conf)
install(FILES ${package_files}/parley.toml DESTINATION /etc/parley)
install(DIRECTORY ${packaging}/default/ DESTINATION /etc/default FILE_PERMISSIONS
  OWNER_READ OWNER_WRITE)
install(DIRECTORY ${package_files}/man/ DESTINATION share/man/man1 FILES_MATCHING PATTERN "*.1.gz")
install(DIRECTORY ${package_files}/man/ DESTINATION share/man/man5 FILES_MATCHING PATTERN "*.5.gz")
install(DIRECTORY ${package_files}/completions/bash/ DESTINATION share/bash-completion/completions)
install(DIRECTORY ${package_files}/completions/zsh/ DESTINATION share/zsh/vendor-completions)
install(DIRECTORY ${package_files}/completions/fish/ DESTINATION share/fish/vendor_completions.d)
install(FILES ${packaging}/copyright DESTINATION share/doc/parley)
install(DIRECTORY ${package_files}/doc/ DESTINATION share/doc/parley)
install(FILES etc/nats-server.conf DESTINATION share/doc/parley/examples)
install(DIRECTORY etc/prometheus etc/grafana DESTINATION share/doc/parley/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME parley)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Parley authors <parley@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "relay for live rooms over WebSocket and WebTransport")
set(CPACK_PACKAGE_DESCRIPTION "People join a room over WebSocket or WebTransport, and what one of them sends
(video, audio, screen, data) reaches everyone else in it, without being decoded
on the way. The package brings the relay with its demo page and tools, two
servers driven by environment variables that take the place of the original's,
and units for systemd.")
set(CPACK_SET_DESTDIR ON)  # or /etc would become /usr/etc
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/package)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nats-server, postgresql, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${packaging}/postinst ${packaging}/prerm ${packaging}/postrm ${package_files}/conffiles)
# Files and folders are readable by all, whatever the builder's umask is.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
