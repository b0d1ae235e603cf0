// Command gofer2021 serves a directory over an inherited socket with gVisor's own file server of October 2021 (package
// runsc/fsgofer on package pkg/lisafs), so that the client's 2021 dialect meets code that this project did not write.
//
// Usage: gofer2021 SOCKET_FD DIR
//
// That gVisor's runsc does not build with a current Go, but its file server does (see ../build.sh); what remains of
// `runsc gofer` is done here: the directory becomes the root of this process, so "/" is the path to mount.
package main

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/unet"
	"gvisor.dev/gvisor/runsc/fsgofer"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gofer2021:", err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: gofer2021 SOCKET_FD DIR")
	}
	fd, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("socket descriptor %q: %w", args[0], err)
	}
	// Before the chroot: there is no /proc behind it.
	if err := fsgofer.OpenProcSelfFD(); err != nil {
		return err
	}
	if err := unix.Chroot(args[1]); err != nil {
		return fmt.Errorf("chroot to %s: %w", args[1], err)
	}
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("chdir: %w", err)
	}
	unix.Umask(0) // The client has applied its own.

	socket, err := unet.NewSocket(fd)
	if err != nil {
		return fmt.Errorf("socket descriptor %d: %w", fd, err)
	}
	server := fsgofer.NewLisafsServer(fsgofer.Config{HostUDS: true})
	connection, err := server.CreateConnection(socket, false /* readonly */)
	if err != nil {
		return fmt.Errorf("connection: %w", err)
	}
	server.StartConnection(connection)
	server.Wait()
	return nil
}
