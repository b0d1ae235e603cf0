//go:build debian

package main

import (
	"errors"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

type statx = linux.Statx

// connect opens the channels at once: the client of 2022 knows no other way.
func connect(socket *unet.Socket, channels bool) (*lisafs.Client, lisafs.Inode, error) {
	if !channels {
		return nil, lisafs.Inode{}, errors.New("this client always opens channels")
	}
	return lisafs.NewClient(socket)
}

// rename leaves the flags out: the client of 2022 has no RenameAt2.
func rename(ctx context.Context, dir *lisafs.ClientFD, oldName string, newDir lisafs.FDID, newName string, _ uint32) error {
	return dir.RenameAt(ctx, oldName, newDir, newName)
}

func connectTo(ctx context.Context, fd *lisafs.ClientFD) (int, error) {
	return fd.Connect(ctx, unix.SOCK_STREAM)
}
