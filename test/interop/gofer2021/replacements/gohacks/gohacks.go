//go:build go1.21

// Package gohacks stands in for gVisor's pkg/gohacks of 2021, which refuses to build with Go 1.19 and later. It gives
// the same answers through package unsafe's current functions. ../../../build.sh puts it in its place. The build constraint
// raises the language version, which is the 2021 module's otherwise.
package gohacks

import "unsafe"

// SliceHeader is a slice as the runtime lays it out.
type SliceHeader struct {
	Data unsafe.Pointer
	Len  int
	Cap  int
}

// Noescape returns p. The original also hides it from escape analysis, which only saves allocations.
func Noescape(p unsafe.Pointer) unsafe.Pointer {
	return p
}

// ImmutableBytesFromString returns the bytes of s without a copy; they must not be written to.
func ImmutableBytesFromString(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// StringFromImmutableBytes returns a string of bs without a copy; bs must not change any more.
func StringFromImmutableBytes(bs []byte) string {
	return unsafe.String(unsafe.SliceData(bs), len(bs))
}

// Memmove copies n bytes, which hold no pointers, between ranges that may overlap.
func Memmove(to, from unsafe.Pointer, n uintptr) {
	copy(unsafe.Slice((*byte)(to), n), unsafe.Slice((*byte)(from), n))
}
