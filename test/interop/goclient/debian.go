//go:build debian

package main

import (
	"errors"

	"gvisor.dev/gvisor/pkg/abi/linux"
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

func suite(*unet.Socket, []string) error {
	return errors.New("this client has no suite")
}
