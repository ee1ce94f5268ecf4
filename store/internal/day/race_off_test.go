//go:build !race

package day_test

const raced = false
