package main

import vault "github.com/hashicorp/vault/api"

func logIn(d *day) {
	_, err := d.client.Auth().Token().LookupSelf()
	d.ok(err)
	_, err = d.newClient("hvs.wrong").Auth().Token().LookupSelf()
	d.status(err, 403)
}

func lookUpSelf(d *day) {
	own, err := d.client.Auth().Token().LookupSelf()
	d.ok(err)
	names, err := own.TokenPolicies()
	d.ok(err)
	d.same(names, []string{"root"})
	id, err := own.TokenID()
	d.ok(err)
	d.same(id, d.client.Token())
	accessor, err := own.TokenAccessor()
	d.ok(err)
	d.same(accessor != "", true)
	renewable, err := own.TokenIsRenewable()
	d.ok(err)
	d.same(renewable, false)
}

func (d *day) listsPolicy(name string) bool {
	names, err := d.client.Sys().ListPolicies()
	d.ok(err)
	for _, one := range names {
		if one == name {
			return true
		}
	}
	return false
}

func policies(d *day) {
	sys := d.client.Sys()
	d.ok(sys.PutPolicy(mount, policy))
	d.ok(sys.PutPolicy("passing", policy))
	text, err := sys.GetPolicy(mount)
	d.ok(err)
	d.same(text, policy)
	d.same(d.listsPolicy("passing") && d.listsPolicy("default"), true)
	d.ok(sys.DeletePolicy("passing"))
	d.same(d.listsPolicy("passing"), false)
}

func makeToken(d *day) {
	made, err := d.client.Auth().Token().Create(&vault.TokenCreateRequest{
		Policies: []string{mount}, TTL: "1h"})
	d.ok(err)
	d.same(made.Auth.Policies, []string{"default", mount})
	d.limited = d.newClient(made.Auth.ClientToken)
	got, err := d.limited.KVv2(mount).Get(d.ctx, secret)
	d.ok(err)
	d.same(got.Data, object{"password": "two"})
}

func denied(d *day) {
	kv := d.limited.KVv2(mount)
	_, err := kv.Put(d.ctx, secret, object{})
	d.status(err, 403)
	_, err = kv.Get(d.ctx, "other")
	d.status(err, 403)
	_, err = d.limited.Sys().ListPolicies()
	d.status(err, 403)
}

func capabilities(d *day) {
	own, err := d.limited.Sys().CapabilitiesSelf(mount + "/data/" + secret)
	d.ok(err)
	d.same(own, []string{"read"})
	other, err := d.client.Sys().Capabilities(d.limited.Token(), "sys/policy")
	d.ok(err)
	d.same(other, []string{"deny"})
}

func renew(d *day) {
	tokens := d.client.Auth().Token()
	renewed, err := tokens.Renew(d.limited.Token(), 7200)
	d.ok(err)
	d.same(renewed.Auth.LeaseDuration, 7200)
	own, err := d.limited.Auth().Token().RenewSelf(0)
	d.ok(err)
	d.same(own.Auth.Renewable, true)
	looked, err := tokens.Lookup(d.limited.Token())
	d.ok(err)
	id, err := looked.TokenID()
	d.ok(err)
	d.same(id, d.limited.Token())
}

func revoke(d *day) {
	_, err := d.limited.Auth().Token().LookupSelf()
	d.ok(err)
	d.ok(d.client.Auth().Token().RevokeTree(d.limited.Token()))
	_, err = d.limited.Auth().Token().LookupSelf()
	d.status(err, 403)

	made, err := d.client.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"default"}})
	d.ok(err)
	second := d.newClient(made.Auth.ClientToken)
	d.ok(second.Auth().Token().RevokeSelf(""))
	_, err = second.Auth().Token().LookupSelf()
	d.status(err, 403)
}
