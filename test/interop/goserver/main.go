// Command goserver serves a directory with gVisor's own file server (package runsc/fsgofer on package pkg/lisafs) to
// whoever connects to a Unix socket, one connection after the other and many at once. `runsc gofer` serves the one socket
// that it is started with; this is for tests that connect often.
//
// Usage: goserver SOCKET_PATH DIR
//
// Prints a line once it listens, and ends when its standard input does.
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
	"gvisor.dev/gvisor/runsc/fsgofer"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "goserver:", err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: goserver SOCKET_PATH DIR")
	}
	listener, err := unet.BindAndListen(args[0], false /* packet */)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", args[0], err)
	}
	// Before the chroot: there is no /proc behind it.
	if err := fsgofer.OpenProcSelfFD("/proc/self/fd"); err != nil {
		return err
	}
	if err := unix.Chroot(args[1]); err != nil {
		return fmt.Errorf("chroot to %s: %w", args[1], err)
	}
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("chdir: %w", err)
	}
	unix.Umask(0) // The client has applied its own.
	fmt.Println("listening")
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return accept(listener)
}

func accept(listener *unet.ServerSocket) error {
	server := lisafs.NewServer()
	for {
		socket, err := listener.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		impl := fsgofer.NewConnectionImpl(&fsgofer.Config{})
		connection, err := server.CreateConnection(socket, "/", fsgofer.ConnectionOpts(false), impl)
		if err != nil {
			return fmt.Errorf("connection: %w", err)
		}
		server.StartConnection(connection)
	}
}
