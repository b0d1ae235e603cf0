package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

const (
	goroutines = 8
	rounds     = 3
	bigSize    = 5 << 20
)

// stage is what a case plays on: a directory of its own.
type stage struct {
	ctx    context.Context
	client *lisafs.Client
	dir    lisafs.ClientFD
	donate bool
}

// failed is what a case panics with.
type failed struct{ what string }

func check(ok bool, format string, args ...any) {
	if !ok {
		panic(failed{fmt.Sprintf(format, args...)})
	}
}

func noError(err error, what string) {
	check(err == nil, "%s: %v", what, err)
}

func isErrno(err error, want unix.Errno, what string) {
	var errno unix.Errno
	check(errors.As(err, &errno) && errno == want, "%s: got %v, want %v", what, err, want)
}

func (s *stage) fd(inode lisafs.Inode) lisafs.ClientFD { return s.client.NewFD(inode.ControlFD) }

// create makes a file that is open for reading and writing, and looks at what was donated.
func (s *stage) create(name string) (control, open lisafs.ClientFD) {
	inode, openID, hostFD, err := s.dir.OpenCreateAt(s.ctx, name, unix.O_RDWR, 0o640, lisafs.NoUID, lisafs.NoGID)
	noError(err, "OpenCreateAt")
	s.donated(hostFD)
	check(inode.Stat.Mode == unix.S_IFREG|0o640, "OpenCreateAt: mode %o", inode.Stat.Mode)
	return s.fd(inode), s.client.NewFD(openID)
}

func (s *stage) donated(hostFD int) {
	check((hostFD >= 0) == s.donate, "donated descriptor %d", hostFD)
	if hostFD < 0 {
		return
	}
	flags, err := unix.FcntlInt(uintptr(hostFD), unix.F_GETFL, 0)
	check(err == nil && flags&unix.O_NONBLOCK != 0, "a donated descriptor blocks: %o, %v", flags, err)
	unix.Close(hostFD)
}

func (s *stage) write(open lisafs.ClientFD, text string) {
	n, err := open.Write(s.ctx, []byte(text), 0)
	check(err == nil && n == uint64(len(text)), "Write: %d, %v", n, err)
}

var unknown = lisafs.FDID(1 << 40)

// cases has one case for each method of gVisor's client that makes a call.
var cases = map[string]func(s *stage){
	"ClientFD.Close": func(s *stage) {
		control, open := s.create("f")
		open.Close(s.ctx, true)
		control.Close(s.ctx, true)
		var stat statx
		isErrno(open.StatTo(s.ctx, &stat), unix.EBADF, "StatTo of what is closed")
	},
	"ClientFD.OpenAt": func(s *stage) {
		control, _ := s.create("f")
		for _, flags := range []uint32{unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR | unix.O_TRUNC} {
			id, hostFD, err := control.OpenAt(s.ctx, flags)
			noError(err, "OpenAt")
			s.donated(hostFD)
			open := s.client.NewFD(id)
			open.Close(s.ctx, false)
		}
		_, _, err := s.dir.OpenAt(s.ctx, unix.O_RDWR)
		isErrno(err, unix.EISDIR, "OpenAt of a directory for writing")
		_, hostFD, err := s.dir.OpenAt(s.ctx, unix.O_RDONLY)
		check(err == nil && hostFD < 0, "OpenAt of a directory: %d, %v", hostFD, err)
	},
	"ClientFD.OpenCreateAt": func(s *stage) {
		s.create("f")
		_, _, _, err := s.dir.OpenCreateAt(s.ctx, "f", unix.O_RDWR, 0o600, lisafs.NoUID, lisafs.NoGID)
		isErrno(err, unix.EEXIST, "OpenCreateAt of what exists")
		for _, name := range []string{"", ".", "..", "a/b"} {
			_, _, _, err = s.dir.OpenCreateAt(s.ctx, name, unix.O_RDWR, 0o600, lisafs.NoUID, lisafs.NoGID)
			isErrno(err, unix.EINVAL, "OpenCreateAt of "+name)
		}
		_, _, _, err = s.dir.OpenCreateAt(s.ctx, strings.Repeat("n", 256), unix.O_RDWR, 0o600, lisafs.NoUID, lisafs.NoGID)
		isErrno(err, unix.ENAMETOOLONG, "OpenCreateAt of a long name")
	},
	"ClientFD.StatTo": func(s *stage) {
		control, open := s.create("f")
		s.write(open, "text")
		var a, b statx
		noError(control.StatTo(s.ctx, &a), "StatTo of a control FD")
		noError(open.StatTo(s.ctx, &b), "StatTo of an open FD")
		check(a == b && a.Size == 4 && a.Nlink == 1, "they differ: %v, %v", a, b)
		wrong := s.client.NewFD(unknown)
		isErrno(wrong.StatTo(s.ctx, &a), unix.EBADF, "StatTo of an unknown FD")
	},
	"ClientFD.Sync": func(s *stage) {
		control, open := s.create("f")
		noError(open.Sync(s.ctx), "Sync")
		isErrno(control.Sync(s.ctx), unix.EINVAL, "Sync of a control FD")
	},
	"ClientFD.Read":  readAndWrite,
	"ClientFD.Write": readAndWrite,
	"ClientFD.MkdirAt": func(s *stage) {
		inode, err := s.dir.MkdirAt(s.ctx, "d", 0o1777, 12, 34)
		noError(err, "MkdirAt")
		stat := inode.Stat
		check(stat.Mode == unix.S_IFDIR|0o1777 && stat.UID == 12 && stat.GID == 34, "MkdirAt: %v", stat)
		_, err = s.dir.MkdirAt(s.ctx, "d", 0o777, lisafs.NoUID, lisafs.NoGID)
		isErrno(err, unix.EEXIST, "MkdirAt of what exists")
		file, _ := s.create("f")
		_, err = file.MkdirAt(s.ctx, "d", 0o777, lisafs.NoUID, lisafs.NoGID)
		isErrno(err, unix.ENOTDIR, "MkdirAt in a file")
	},
	"ClientFD.SymlinkAt": func(s *stage) {
		inode, err := s.dir.SymlinkAt(s.ctx, "l", "where/\xffever", 12, 34)
		noError(err, "SymlinkAt")
		check(inode.Stat.Mode&unix.S_IFMT == unix.S_IFLNK && inode.Stat.UID == 12, "SymlinkAt: %v", inode.Stat)
	},
	"ClientFD.LinkAt": func(s *stage) {
		control, _ := s.create("f")
		inode, err := s.dir.LinkAt(s.ctx, control.ID(), "g")
		check(err == nil && inode.Stat.Nlink == 2, "LinkAt: %v, %v", inode, err)
		_, err = s.dir.LinkAt(s.ctx, s.dir.ID(), "h")
		isErrno(err, unix.EPERM, "LinkAt of a directory")
	},
	"ClientFD.MknodAt": func(s *stage) {
		inode, err := s.dir.MknodAt(s.ctx, "f", unix.S_IFREG|0o604, 12, 34, 0, 0)
		check(err == nil && inode.Stat.Mode == unix.S_IFREG|0o604, "MknodAt: %v, %v", inode, err)
		inode, err = s.dir.MknodAt(s.ctx, "w", unix.S_IFCHR, lisafs.NoUID, lisafs.NoGID, 0, 0)
		check(err == nil && inode.Stat.Mode == unix.S_IFCHR, "MknodAt of a whiteout: %v, %v", inode, err)
		_, err = s.dir.MknodAt(s.ctx, "x", unix.S_IFIFO|0o600, lisafs.NoUID, lisafs.NoGID, 0, 0)
		isErrno(err, unix.EPERM, "MknodAt of a FIFO")
	},
	"ClientFD.SetStat": func(s *stage) {
		control, _ := s.create("f")
		want := linux.Statx{Mask: unix.STATX_MODE | unix.STATX_SIZE | unix.STATX_MTIME, Mode: 0o4711, Size: 10_000}
		want.Mtime.Sec = 77
		mask, failure, err := control.SetStat(s.ctx, &want)
		// The client of 2022 gives errno 0 for no failure.
		check(mask == 0 && (failure == nil || failure == unix.Errno(0)) && err == nil, "SetStat: %x, %v, %v", mask, failure, err)
		var stat statx
		noError(control.StatTo(s.ctx, &stat), "StatTo")
		check(stat.Mode == unix.S_IFREG|0o4711 && stat.Size == 10_000 && stat.Mtime.Sec == 77, "SetStat: %v", stat)
		mask, failure, err = s.dir.SetStat(s.ctx, &linux.Statx{Mask: unix.STATX_SIZE})
		check(err == nil && mask == unix.STATX_SIZE, "SetStat of a directory's size: %x, %v", mask, err)
		isErrno(failure, unix.EISDIR, "SetStat of a directory's size")
		_, _, err = control.SetStat(s.ctx, &linux.Statx{Mask: unix.STATX_INO})
		isErrno(err, unix.EPERM, "SetStat of an inode number")
	},
	"ClientFD.WalkMultiple": func(s *stage) {
		s.create("f")
		_, err := s.dir.SymlinkAt(s.ctx, "l", "f", lisafs.NoUID, lisafs.NoGID)
		noError(err, "SymlinkAt")
		status, inodes, err := s.dir.WalkMultiple(s.ctx, []string{"l", "x"})
		check(err == nil && status == lisafs.WalkComponentSymlink && len(inodes) == 1, "a symlink: %v %v", status, err)
		status, inodes, err = s.dir.WalkMultiple(s.ctx, []string{"none"})
		check(err == nil && status == lisafs.WalkComponentDoesNotExist && len(inodes) == 0, "none: %v %v", status, err)
		_, _, err = s.dir.WalkMultiple(s.ctx, []string{"f", "x"})
		isErrno(err, unix.ENOTDIR, "a file in the middle")
	},
	"ClientFD.Walk": func(s *stage) {
		s.create("f")
		inode, err := s.dir.Walk(s.ctx, "f")
		check(err == nil && inode.Stat.Mode&unix.S_IFMT == unix.S_IFREG, "Walk: %v, %v", inode, err)
		_, err = s.dir.Walk(s.ctx, "none")
		isErrno(err, unix.ENOENT, "Walk")
	},
	"ClientFD.WalkStat": func(s *stage) {
		s.create("f")
		stats, err := s.dir.WalkStat(s.ctx, []string{"", "f"})
		check(err == nil && len(stats) == 2 && stats[1].Mode&unix.S_IFMT == unix.S_IFREG, "WalkStat: %v, %v", stats, err)
	},
	"ClientFD.StatFSTo": func(s *stage) {
		var stat lisafs.StatFS
		noError(s.dir.StatFSTo(s.ctx, &stat), "StatFSTo")
		check(stat.Blocks > 0 && stat.NameLength == 255, "StatFSTo: %v", stat)
	},
	"ClientFD.Allocate": func(s *stage) {
		control, open := s.create("f")
		noError(open.Allocate(s.ctx, 0, 0, 8192), "Allocate")
		noError(open.Allocate(s.ctx, unix.FALLOC_FL_KEEP_SIZE|unix.FALLOC_FL_PUNCH_HOLE, 0, 4096), "Allocate with a mode")
		isErrno(control.Allocate(s.ctx, 0, 0, 1), unix.EINVAL, "Allocate of a control FD")
	},
	"ClientFD.ReadLinkAt": func(s *stage) {
		inode, err := s.dir.SymlinkAt(s.ctx, "l", "where/\xffever", lisafs.NoUID, lisafs.NoGID)
		noError(err, "SymlinkAt")
		link := s.fd(inode)
		target, err := link.ReadLinkAt(s.ctx)
		check(err == nil && target == "where/\xffever", "ReadLinkAt: %q, %v", target, err)
		_, err = s.dir.ReadLinkAt(s.ctx)
		isErrno(err, unix.EINVAL, "ReadLinkAt of a directory")
	},
	"ClientFD.Flush": func(s *stage) {
		_, open := s.create("f")
		noError(open.Flush(s.ctx), "Flush")
	},
	"ClientFD.BindAt":                    boundSockets,
	"ClientBoundSocketFD.Listen":         boundSockets,
	"ClientBoundSocketFD.Accept":         boundSockets,
	"ClientBoundSocketFD.Close":          boundSockets,
	"ClientBoundSocketFD.NotificationFD": boundSockets,
	"ClientFD.Connect":                   boundSockets,
	"ClientFD.UnlinkAt": func(s *stage) {
		control, open := s.create("f")
		s.write(open, "still there")
		noError(s.dir.UnlinkAt(s.ctx, "f", 0), "UnlinkAt")
		isErrno(s.dir.UnlinkAt(s.ctx, "f", 0), unix.ENOENT, "UnlinkAt of what is gone")
		buf := make([]byte, 11)
		n, err := open.Read(s.ctx, buf, 0)
		check(err == nil && string(buf[:n]) == "still there", "Read of a deleted file: %q, %v", buf[:n], err)
		_, _, err = control.OpenAt(s.ctx, unix.O_RDONLY)
		noError(err, "OpenAt of a deleted file")
		_, err = s.dir.LinkAt(s.ctx, control.ID(), "g")
		isErrno(err, unix.EINVAL, "LinkAt of a deleted file")
	},
	"ClientFD.RenameAt": func(s *stage) {
		control, _ := s.create("f")
		other, _ := s.create("g")
		sub, err := s.dir.MkdirAt(s.ctx, "d", 0o777, lisafs.NoUID, lisafs.NoGID)
		noError(err, "MkdirAt")
		noError(rename(s.ctx, &s.dir, "f", sub.ControlFD, "h", 0), "RenameAt")
		isErrno(rename(s.ctx, &s.dir, "f", sub.ControlFD, "h", 0), unix.ENOENT, "RenameAt of what is gone")
		noError(rename(s.ctx, &s.dir, "g", s.dir.ID(), "g2", unix.RENAME_NOREPLACE), "RenameAt2")
		var stat statx
		noError(control.StatTo(s.ctx, &stat), "StatTo of what was renamed")
		noError(other.StatTo(s.ctx, &stat), "StatTo of what was renamed")
		_, err = s.dir.LinkAt(s.ctx, control.ID(), "link")
		noError(err, "LinkAt of what was renamed")
	},
	"ClientFD.Getdents64": func(s *stage) {
		s.create("f")
		s.create("g\xff")
		id, _, err := s.dir.OpenAt(s.ctx, unix.O_RDONLY)
		noError(err, "OpenAt")
		open := s.client.NewFD(id)
		for i := 0; i < 2; i++ {
			entries, err := open.Getdents64(s.ctx, -4096)
			noError(err, "Getdents64")
			names := []string{}
			for _, entry := range entries {
				names = append(names, string(entry.Name))
			}
			sort.Strings(names)
			check(reflect.DeepEqual(names, []string{"f", "g\xff"}), "Getdents64: %q", names)
		}
		entries, err := open.Getdents64(s.ctx, 4096)
		check(err == nil && len(entries) == 0, "Getdents64 at the end: %v, %v", entries, err)
	},
	"ClientFD.ListXattr":   xattrs,
	"ClientFD.GetXattr":    xattrs,
	"ClientFD.SetXattr":    xattrs,
	"ClientFD.RemoveXattr": xattrs,
}

// readAndWrite moves more than one message can hold.
func readAndWrite(s *stage) {
	control, open := s.create("f")
	data := bytes.Repeat([]byte("0123456789abcdef"), bigSize/16)
	n, err := open.Write(s.ctx, data, 7)
	check(err == nil && n == bigSize, "Write: %d, %v", n, err)
	back := make([]byte, bigSize+100)
	n, err = open.Read(s.ctx, back, 7)
	check(err == nil && n == bigSize && bytes.Equal(back[:n], data), "Read: %d, %v", n, err)
	id, hostFD, err := control.OpenAt(s.ctx, unix.O_WRONLY)
	noError(err, "OpenAt")
	s.donated(hostFD)
	writeOnly := s.client.NewFD(id)
	_, err = writeOnly.Read(s.ctx, back[:1], 0)
	isErrno(err, unix.EBADF, "Read of what is open for writing")
	_, err = control.Read(s.ctx, back[:1], 0)
	isErrno(err, unix.EINVAL, "Read of a control FD")
}

func boundSockets(s *stage) {
	inode, bound, err := s.dir.BindAt(s.ctx, unix.SOCK_STREAM, "s", 0o720, lisafs.NoUID, lisafs.NoGID)
	noError(err, "BindAt")
	check(inode.Stat.Mode == unix.S_IFSOCK|0o720 && bound.NotificationFD() >= 0, "BindAt: %v", inode.Stat)
	defer bound.Close(s.ctx)
	control := s.fd(inode)
	_, err = connectTo(s.ctx, &control)
	isErrno(err, unix.ECONNREFUSED, "Connect before Listen")
	noError(bound.Listen(s.ctx, 4), "Listen")
	_, err = bound.Accept(s.ctx)
	isErrno(err, unix.EAGAIN, "Accept of nobody")
	ours, err := connectTo(s.ctx, &control)
	noError(err, "Connect")
	defer unix.Close(ours)
	theirs, err := bound.Accept(s.ctx)
	noError(err, "Accept")
	defer unix.Close(theirs)
	_, err = unix.Write(ours, []byte("hello"))
	noError(err, "write")
	buf := make([]byte, 10)
	n, err := unix.Read(theirs, buf)
	check(err == nil && string(buf[:n]) == "hello", "read: %q, %v", buf[:n], err)
	_, err = connectTo(s.ctx, &s.dir)
	isErrno(err, unix.ENOTSOCK, "Connect to a directory")
}

func xattrs(s *stage) {
	control, _ := s.create("f")
	noError(control.SetXattr(s.ctx, "user.a", "val\x00\xffue", 0), "SetXattr")
	isErrno(control.SetXattr(s.ctx, "user.a", "v", unix.XATTR_CREATE), unix.EEXIST, "SetXattr")
	value, err := control.GetXattr(s.ctx, "user.a", 0)
	check(err == nil && value == "val\x00\xffue", "GetXattr: %q, %v", value, err)
	_, err = control.GetXattr(s.ctx, "user.a", 1)
	isErrno(err, unix.ERANGE, "GetXattr")
	names, err := control.ListXattr(s.ctx, 0)
	check(err == nil && reflect.DeepEqual(names, []string{"user.a"}), "ListXattr: %q, %v", names, err)
	noError(control.RemoveXattr(s.ctx, "user.a"), "RemoveXattr")
	_, err = control.GetXattr(s.ctx, "user.a", 0)
	isErrno(err, unix.ENODATA, "GetXattr of what is gone")
}

// withoutCall are the methods that say something of the client itself.
var withoutCall = map[string]bool{"ClientFD.ID": true, "ClientFD.Client": true, "ClientFD.Ok": true}

// forgotten lists the methods of gVisor's client that have no case.
func forgotten() []string {
	names := []string{}
	for _, of := range []reflect.Type{reflect.TypeOf(&lisafs.ClientFD{}), reflect.TypeOf(&lisafs.ClientBoundSocketFD{})} {
		for i := 0; i < of.NumMethod(); i++ {
			name := of.Elem().Name() + "." + of.Method(i).Name
			if cases[name] == nil && !withoutCall[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

func play(name string, one func(s *stage), s *stage) (failure string) {
	defer func() {
		if caught := recover(); caught != nil {
			what, ok := caught.(failed)
			if !ok {
				panic(caught)
			}
			failure = name + ": " + what.what
		}
	}()
	one(s)
	return ""
}

// suite plays every case in several goroutines at once, several times, each time in a directory of its own. Of a
// read-only server it expects nothing but EROFS.
func suite(socket *unet.Socket, options []string) error {
	has := map[string]bool{}
	for _, option := range options {
		has[option] = true
	}
	if names := forgotten(); len(names) > 0 {
		return fmt.Errorf("no case for %v", names)
	}
	client, root, err := connect(socket, !has["socket"])
	if err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	defer client.Close()
	base := &stage{context.Background(), client, client.NewFD(root.ControlFD), !has["no-donate"]}
	if has["read-only"] {
		return readOnly(base)
	}
	failures := make(chan string, goroutines*rounds*len(cases))
	var group sync.WaitGroup
	for worker := 0; worker < goroutines; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for round := 0; round < rounds; round++ {
				playAll(base, fmt.Sprintf("w%dr%d", worker, round), failures)
			}
		}(worker)
	}
	group.Wait()
	close(failures)
	all := []string{}
	for failure := range failures {
		all = append(all, failure)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"cases": len(cases), "played": goroutines * rounds * len(cases), "failures": all,
	})
}

func playAll(base *stage, prefix string, failures chan<- string) {
	for name, one := range cases {
		inode, err := base.dir.MkdirAt(base.ctx, prefix+name, 0o777, lisafs.NoUID, lisafs.NoGID)
		if err != nil {
			failures <- fmt.Sprintf("%s: its directory: %v", name, err)
			continue
		}
		own := &stage{base.ctx, base.client, base.client.NewFD(inode.ControlFD), base.donate}
		if failure := play(name, one, own); failure != "" {
			failures <- failure
		}
		own.dir.Close(base.ctx, false)
	}
}

func readOnly(s *stage) error {
	none, group := lisafs.NoUID, lisafs.NoGID
	changes := map[string]func() error{
		"OpenCreateAt": func() error { _, _, _, err := s.dir.OpenCreateAt(s.ctx, "x", 0, 0o600, none, group); return err },
		"MkdirAt":      func() error { _, err := s.dir.MkdirAt(s.ctx, "x", 0o700, none, group); return err },
		"SymlinkAt":    func() error { _, err := s.dir.SymlinkAt(s.ctx, "x", "y", none, group); return err },
		"LinkAt":       func() error { _, err := s.dir.LinkAt(s.ctx, s.dir.ID(), "x"); return err },
		"MknodAt":      func() error { _, err := s.dir.MknodAt(s.ctx, "x", unix.S_IFREG, none, group, 0, 0); return err },
		"SetStat":      func() error { _, _, err := s.dir.SetStat(s.ctx, &linux.Statx{Mask: unix.STATX_MODE}); return err },
		"Write":        func() error { _, err := s.dir.Write(s.ctx, []byte("x"), 0); return err },
		"Allocate":     func() error { return s.dir.Allocate(s.ctx, 0, 0, 1) },
		"UnlinkAt":     func() error { return s.dir.UnlinkAt(s.ctx, "x", 0) },
		"RenameAt":     func() error { return rename(s.ctx, &s.dir, "x", s.dir.ID(), "y", 0) },
		"RenameAt2":    func() error { return rename(s.ctx, &s.dir, "x", s.dir.ID(), "y", unix.RENAME_NOREPLACE) },
		"SetXattr":     func() error { return s.dir.SetXattr(s.ctx, "user.a", "v", 0) },
		"RemoveXattr":  func() error { return s.dir.RemoveXattr(s.ctx, "user.a") },
		"BindAt":       func() error { _, _, err := s.dir.BindAt(s.ctx, unix.SOCK_STREAM, "x", 0o600, none, group); return err },
		"OpenAt":       func() error { _, _, err := s.dir.OpenAt(s.ctx, unix.O_RDWR); return err },
	}
	all := []string{}
	for name, change := range changes {
		if failure := play(name, func(*stage) { isErrno(change(), unix.EROFS, "read-only") }, s); failure != "" {
			all = append(all, failure)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"cases": len(changes), "played": len(changes), "failures": all,
	})
}
