// Command flipcall measures gVisor's flipcall by itself: a call of four bytes, a channel's header without a message,
// from one process to another that answers at once.
//
// Usage: flipcall; it starts the other process itself, and takes commands on standard input (package commands).
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"bench/commands"

	"gvisor.dev/gvisor/pkg/flipcall"
)

const (
	// A channel's header, `lisafs/channel.go`.
	headerLen = 4
	// What the server finds its memfd as.
	inheritedFD = 3
)

func main() {
	run := client
	if len(os.Args) == 4 && os.Args[1] == "server" {
		run = server
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "flipcall:", err)
		os.Exit(1)
	}
}

func client() error {
	allocator, err := flipcall.NewPacketWindowAllocator()
	if err != nil {
		return err
	}
	defer allocator.Destroy()
	window, err := allocator.Allocate(flipcall.PacketWindowLengthForDataCap(headerLen))
	if err != nil {
		return err
	}
	endpoint, err := flipcall.NewEndpoint(flipcall.ClientSide, window)
	if err != nil {
		return err
	}
	offset, length := strconv.FormatInt(window.Offset, 10), strconv.Itoa(window.Length)
	peer := exec.Command("/proc/self/exe", "server", offset, length)
	peer.Stderr = os.Stderr
	peer.ExtraFiles = []*os.File{os.NewFile(uintptr(allocator.FD()), "window")}
	if err := peer.Start(); err != nil {
		return err
	}
	if err := endpoint.Connect(); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	err = commands.Serve(func() error {
		_, err := endpoint.SendRecvFast(headerLen)
		return err
	})
	endpoint.Shutdown()
	endpoint.Destroy()
	if waitErr := peer.Wait(); err == nil && waitErr != nil {
		return fmt.Errorf("the server: %w", waitErr)
	}
	return err
}

func server() error {
	offset, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		return err
	}
	length, err := strconv.Atoi(os.Args[3])
	if err != nil {
		return err
	}
	window := flipcall.PacketWindowDescriptor{FD: inheritedFD, Offset: offset, Length: length}
	endpoint, err := flipcall.NewEndpoint(flipcall.ServerSide, window)
	if err != nil {
		return err
	}
	defer endpoint.Destroy()
	_, err = endpoint.RecvFirst()
	for err == nil {
		_, err = endpoint.SendRecv(headerLen)
	}
	if _, isEnd := err.(flipcall.ShutdownError); isEnd {
		return nil
	}
	return err
}
