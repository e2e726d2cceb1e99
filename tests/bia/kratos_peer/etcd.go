// Kratos' registry interfaces over etcd's own Go client. Kratos' etcd module is not on the Go proxy here; keys, JSON and lease are as its documentation has them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-kratos/kratos/v2/registry"
	clientv3 "go.etcd.io/etcd/client/v3"
)

type etcd struct {
	client *clientv3.Client
	lease  clientv3.LeaseID
}

func (e *etcd) Register(ctx context.Context, instance *registry.ServiceInstance) error {
	value, err := json.Marshal(instance)
	if err != nil {
		return err
	}
	grant, err := e.client.Grant(ctx, 15)
	if err != nil {
		return err
	}
	e.lease = grant.ID
	if _, err = e.client.Put(ctx, fmt.Sprintf("/microservices/%s/%s", instance.Name, instance.ID), string(value), clientv3.WithLease(grant.ID)); err != nil {
		return err
	}
	alive, err := e.client.KeepAlive(context.Background(), grant.ID)
	go func() {
		for range alive {
		}
	}()
	return err
}

func (e *etcd) Deregister(ctx context.Context, _ *registry.ServiceInstance) error {
	_, err := e.client.Revoke(ctx, e.lease)
	return err
}

func (e *etcd) GetService(ctx context.Context, name string) ([]*registry.ServiceInstance, error) {
	reply, err := e.client.Get(ctx, "/microservices/"+name, clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	var instances []*registry.ServiceInstance
	for _, entry := range reply.Kvs {
		instance := new(registry.ServiceInstance)
		if err := json.Unmarshal(entry.Value, instance); err != nil {
			return nil, err
		}
		if instance.Name == name {
			instances = append(instances, instance)
		}
	}
	return instances, nil
}

func (e *etcd) Watch(ctx context.Context, name string) (registry.Watcher, error) {
	return &watcher{etcd: e, ctx: ctx, name: name}, nil
}

type watcher struct {
	etcd *etcd
	ctx  context.Context
	name string
	told bool
}

func (w *watcher) Next() ([]*registry.ServiceInstance, error) {
	if w.told {
		select {
		case <-w.ctx.Done():
			return nil, w.ctx.Err()
		case <-time.After(time.Second):
		}
	}
	w.told = true
	return w.etcd.GetService(w.ctx, w.name)
}

func (w *watcher) Stop() error { return nil }
