package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	vault "github.com/hashicorp/vault/api"
)

const (
	mount  = "everyday-go"
	secret = "app/db"
	policy = "path \"" + mount + "/data/app/*\" {\n  capabilities = [\"read\"]\n}\n"
)

// What the steps hand on to one another.
type day struct {
	step    string
	socket  string
	client  *vault.Client
	kv      *vault.KVv2
	limited *vault.Client // with the token that a step makes
	ctx     context.Context
}

func newDay(socket, token string) *day {
	d := &day{socket: socket, ctx: context.Background()}
	d.client = d.newClient(token)
	d.kv = d.client.KVv2(mount)
	return d
}

func (d *day) newClient(token string) *vault.Client {
	config := vault.DefaultConfig()
	config.Address = "unix://" + d.socket
	config.MaxRetries = 0
	client, err := vault.NewClient(config)
	must(err)
	client.SetToken(token)
	return client
}

func (d *day) fail(format string, more ...any) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", d.step, fmt.Sprintf(format, more...))
	os.Exit(1)
}

func (d *day) ok(err error) {
	if err != nil {
		d.fail("%v", err)
	}
}

func (d *day) same(got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		d.fail("got %#v, wanted %#v", got, wanted)
	}
}

func (d *day) status(err error, wanted int) {
	var answer *vault.ResponseError
	if !errors.As(err, &answer) || answer.StatusCode != wanted {
		d.fail("got %v, wanted status %d", err, wanted)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
