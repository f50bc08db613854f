// The Go client library of Vault on a first day. See client_kit.py.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// Each step continues where the one before it stopped.
var steps = []struct {
	name string
	do   func(*day)
}{
	{"log in", logIn}, {"look up self", lookUpSelf}, {"write", write}, {"read", read},
	{"versions", versions}, {"check-and-set", checkAndSet}, {"delete", remove},
	{"undelete", undelete}, {"destroy", destroy}, {"list", list}, {"metadata", metadata},
	{"patch", patch}, {"policies", policies}, {"token", makeToken}, {"denied", denied},
	{"capabilities", capabilities}, {"renew", renew}, {"revoke", revoke}, {"mounts", mounts},
	{"kv 1", kv1}, {"seal status", sealStatus}, {"health", health}, {"listings", listings},
}

func main() {
	token, err := bufio.NewReader(os.Stdin).ReadString('\n')
	must(err)
	d := newDay(os.Args[1], strings.TrimSpace(token))
	for _, step := range steps {
		d.step = step.name
		step.do(d)
		fmt.Println(step.name)
	}
}
