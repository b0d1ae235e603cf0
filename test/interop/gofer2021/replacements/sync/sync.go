// Package sync stands in for those files of gVisor's pkg/sync of 2021 that reach into a Go runtime older than 1.19.
// It offers what its file server uses, on top of the standard library. ../../../build.sh puts it in their place.
package sync

import (
	"runtime"
	"sync"
)

// Mutex is the standard one, which has had TryLock since Go 1.18.
type Mutex = sync.Mutex

// CrossGoroutineMutex may be unlocked by another goroutine than the one that locked it. So may the standard one.
type CrossGoroutineMutex = sync.Mutex

// RWMutex is the standard one. DowngradeLock is missing: the file server does not use it.
type RWMutex = sync.RWMutex

// CrossGoroutineRWMutex may be unlocked by another goroutine than the one that locked it. So may the standard one.
type CrossGoroutineRWMutex = sync.RWMutex

// Gate lets users in until it is closed; closing waits until the last one has left. The zero value is open.
type Gate struct {
	mu     sync.Mutex
	users  int
	closed bool
	empty  chan struct{} // Made by the first Close that finds users inside.
}

// Enter reports whether the caller is inside; if so, it must Leave.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.users++
	return true
}

// Leave ends what a successful Enter began.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.users--
	if g.users == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// Close lets nobody in any more and waits until everybody has left.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	if g.users > 0 && g.empty == nil {
		g.empty = make(chan struct{})
	}
	empty := g.empty
	g.mu.Unlock()
	if empty != nil {
		<-empty
	}
}

// What the package's other files call while they wait for a writer; spinning is never worth it here.
func canSpin(int) bool { return false }
func doSpin()          {}
func goyield()         { runtime.Gosched() }

var _, _, _ = canSpin, doSpin, goyield // Nothing calls them when this file stands alone.
