"""
Debian's Python client through one version of the API: each call, and what the version's document says it answers.
Usage: walk.py SOCKET VERSION REGISTRY, where the registry on this host has the image `app:1`, which is busybox.
"""
import io
import sys
import time
import tarfile

import docker
import docker.utils.socket
import requests
from docker.errors import APIError

SOCKET, VERSION, REGISTRY = sys.argv[1:]
MINOR = int(VERSION.split('.')[1])
IMAGE = f'{REGISTRY}/app'
client = docker.APIClient(f'unix://{SOCKET}', version='1.24', timeout=60)
# It is made for 1.21 and up and says so when it is made; what it sends for older ones it still knows.
client._version = VERSION
walked = []


def part(since=0):
    """Runs a part at versions from `since` on, and notes its name."""
    def run(function):
        if MINOR >= since:
            function()
            walked.append(function.__name__)
        return function
    return run


def refused(status, call, *args, **named):
    try:
        call(*args, **named)
    except APIError as error:
        assert error.response.status_code == status, error
    else:
        raise AssertionError(f'{call.__name__} {args} was not refused')


def archive(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def names_in(chunks):
    with tarfile.open(fileobj=io.BytesIO(b''.join(chunks))) as tar:
        return [member.name for member in tar]


def create(*command, **named):
    return client.create_container('app', list(command), **named)['Id']


def running(**named):
    made = create('sh', '-c', 'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done', **named)
    client.start(made)
    return made


def remove_image(name):
    try:
        client.remove_image(name)
    except requests.exceptions.JSONDecodeError:
        assert MINOR < 2  # it said nothing; the client takes that for JSON all the same


def remove(made):
    client.remove_container(made, force=True)


@part()
def system():
    assert client.version()['Version'].count('.') == 2
    told = client.info()
    assert told['Images'] == len({image['Id'] for image in client.images()}), told
    if MINOR >= 1:
        assert type(told['MemoryLimit']) is (int if 8 <= MINOR < 19 else bool), told
    if MINOR >= 11:
        assert client.ping()


@part()
def pull_and_tag():
    if MINOR >= 1:
        lines = list(client.pull(IMAGE, '1', stream=True, decode=True))
        assert not any('error' in line for line in lines) and any('status' in line for line in lines), lines
    else:
        assert 'Pulling from app' in client.pull(IMAGE, '1')
    assert client.tag(f'{IMAGE}:1', 'app', 'latest')
    listed = client.images(name='app')
    if MINOR >= 7:
        assert listed[0]['RepoTags'] == ['app:latest'] or 'app:latest' in listed[0]['RepoTags'], listed
    assert client.inspect_image('app')
    assert client.history('app')
    refused(404, client.inspect_image, 'nobody')


@part()
def life():
    made = create('sh', '-c', 'echo out; echo err >&2; exit 3', name='life')
    assert len(made) == (12 if MINOR < 6 else 64), made
    client.start(made)
    ended = client.wait(made)
    assert ended['StatusCode'] == 3, ended
    told = client.inspect_container(made)
    assert told['State']['ExitCode'] == 3 and told['State']['Running'] is False
    assert ('Mounts' in told) is (MINOR >= 20) and ('Volumes' in told) is (MINOR < 20)
    assert ('Networks' in told['NetworkSettings']) is (MINOR >= 21)
    client.restart(made, timeout=1)
    client.wait(made)
    remove(made) if MINOR >= 10 else client.remove_container(made)
    refused(404, client.inspect_container, made)


@part(11)
def logs():
    made = create('sh', '-c', 'echo one; echo two >&2; echo three')
    client.start(made)
    client.wait(made)
    assert client.logs(made, stderr=False) == b'one\nthree\n'
    assert client.logs(made, stdout=False) == b'two\n'
    assert b''.join(client.logs(made, stream=True, follow=True, stderr=False)) == b'one\nthree\n'
    if MINOR >= 13:
        assert client.logs(made, tail=1, stderr=False) == b'three\n'
    if MINOR >= 19:
        assert client.logs(made, since=4102444800) == b''
    remove(made)


@part(6)
def attach():
    made = create('sh', '-c', 'echo first; read line; echo "got $line"; echo bad >&2', stdin_open=True)
    stream = client.attach_socket(made, params={'stdin': 1, 'stdout': 1, 'stderr': 1, 'stream': 1})
    client.start(made)
    stream._sock.sendall(b'typed\n')
    assert client.wait(made)['StatusCode'] == 0
    got = {1: b'', 2: b''}
    for kind, piece in docker.utils.socket.frames_iter(stream, tty=False):
        got[kind] += piece
    assert got == {1: b'first\ngot typed\n', 2: b'bad\n'}, got
    client.remove_container(made)


@part(5)
def processes():
    made = running()
    told = client.top(made)
    assert 'PID' in told['Titles'] and len(told['Processes']) >= 1, told
    client.stop(made, timeout=5)
    assert client.wait(made)['StatusCode'] == 5
    client.remove_container(made)


@part()
def changes_commit_export():
    made = create('sh', '-c', 'echo data >/made; rm /etc/group')
    client.start(made)
    client.wait(made)
    told = {change['Path']: change['Kind'] for change in client.diff(made)}
    assert told['/made'] == 1 and told['/etc/group'] == 2, told
    committed = client.commit(made, 'committed', 'v1', message='why', author='who')['Id']
    image = client.inspect_image('committed:v1')
    id, author = (image['Id'], image['Author']) if MINOR >= 12 else (image.get('Id', image.get('id')), image.get('Author', image.get('author')))
    assert committed.removeprefix('sha256:')[:12] in id and author == 'who', (committed, image)
    exported = b''.join(client.export(made))
    with tarfile.open(fileobj=io.BytesIO(exported)) as tar:
        assert tar.extractfile('made').read() == b'data\n' and 'etc/group' not in tar.getnames()
    client.import_image_from_data(exported, 'imported', 'v1')
    assert client.inspect_image('imported:v1')
    client.remove_container(made)
    for image in ('committed:v1', 'imported:v1'):
        remove_image(image)
        refused(404, client.inspect_image, image)


@part(7)
def save_and_load():
    saved = b''.join(client.get_image('app'))
    lines = client.load_image(saved)
    assert lines is None or not any('error' in line for line in lines)


@part()
def builds():
    dockerfile = b'FROM app\nRUN echo built >/built\nCMD ["cat", "/built"]\n'
    if MINOR < 3:
        return  # forms: what this client sends came with 1.3
    lines = list(client.build(fileobj=io.BytesIO(dockerfile), tag='built', rm=True, decode=MINOR >= 8))
    text = ''.join(line.get('stream', '') for line in lines) if MINOR >= 8 else b''.join(lines).decode()
    assert 'Successfully built' in text, text
    if MINOR < 5:  # `rm` came then: the container of a step stays
        for left in client.containers(all=True, quiet=True):
            client.remove_container(left)
    made = client.create_container('built')['Id']
    client.start(made)
    assert client.wait(made)['StatusCode'] == 0
    if MINOR >= 11:
        assert client.logs(made) == b'built\n'
    client.remove_container(made)
    remove_image('built')


@part(1)
def pushes():
    assert client.tag('app', f'{REGISTRY}/pushed', 'v1')
    lines = list(client.push(f'{REGISTRY}/pushed', 'v1', stream=True, decode=True))
    assert not any('error' in line for line in lines) and any('status' in line for line in lines), lines
    remove_image(f'{REGISTRY}/pushed:v1')


@part(11)
def events():
    made = create('true')
    client.start(made)
    client.wait(made)
    client.remove_container(made)
    told = [event for event in client.events(since=0, until=int(time.time()) + 1, decode=True)
            if (event.get('id') if MINOR < 52 else event['Actor']['ID']) == made]
    assert [event['status' if MINOR < 52 else 'Action'] for event in told][:3] == ['create', 'start', 'die'], told
    image = 'app:latest' if MINOR < 19 else 'app'
    if MINOR < 52:
        assert all(event['from'] == image for event in told), told
    assert ('Type' in told[0]) is (MINOR >= 12), told


@part(12)
def pauses():
    made = running()
    client.pause(made)
    assert client.inspect_container(made)['State']['Paused'] is True
    client.unpause(made)
    client.kill(made, 'SIGKILL')
    assert client.wait(made)['StatusCode'] == 137
    remove(made)


@part(15)
def executes():
    made = running()
    id = client.exec_create(made, ['sh', '-c', 'echo out; echo err >&2; exit 7'])['Id']
    assert client.exec_start(id, demux=True) == (b'out\n', b'err\n')
    if MINOR >= 16:
        told = client.exec_inspect(id)
        assert told['ExitCode'] == 7 and told['Running'] is False, told
    remove(made)


@part(17)
def renames_and_stats():
    made = running(name='before')
    client.rename(made, 'after')
    assert client.inspect_container('after')['Name'] == '/after'
    told = next(client.stats(made, decode=True, stream=True))
    assert ('network' in told) is (MINOR < 21) and ('networks' in told) is (MINOR >= 21), told.keys()
    assert ('precpu_stats' in told) is (MINOR >= 19) and ('pids_stats' in told) is (MINOR >= 22), told.keys()
    if MINOR >= 19:
        assert client.stats(made, stream=False)['memory_stats']['usage'] > 0
    remove(made)


@part(20)
def archives():
    made = create('cat', '/tmp/put')
    assert client.put_archive(made, '/tmp', archive(put='put there\n'))
    client.start(made)
    client.wait(made)
    assert client.logs(made) == b'put there\n'
    chunks, told = client.get_archive(made, '/tmp/put')
    assert names_in(chunks) == ['put'] and told['name'] == 'put' and told['size'] == 10, told
    refused(404, client.get_archive, made, '/nothing')
    remove(made)


@part(21)
def volumes_and_networks():
    assert client.create_volume('data')['Driver'] == 'local'
    assert [each['Name'] for each in client.volumes()['Volumes']] == ['data']
    made = create('sh', '-c', 'echo kept >/data/file', host_config=client.create_host_config(binds=['data:/data']))
    client.start(made)
    client.wait(made)
    assert client.inspect_container(made)['Mounts'][0]['Name'] == 'data'
    refused(409, client.remove_volume, 'data')
    remove(made)
    client.remove_volume('data')
    id = client.create_network('walk', 'bridge')['Id']
    if MINOR >= 22:  # the client itself refuses to connect below
        made = running()
        client.connect_container_to_network(made, 'walk')
        assert list(client.inspect_network(id)['Containers']) == [made]
        client.disconnect_container_from_network(made, id)
        assert client.inspect_network('walk')['Containers'] == {}
        remove(made)
    client.remove_network(id)
    assert 'walk' not in [each['Name'] for each in client.networks()]


@part(22)
def updates():
    made = create('true')
    client.update_container(made, mem_limit='64m', memswap_limit='64m')
    assert client.inspect_container(made)['HostConfig']['Memory'] == 64 << 20
    remove(made)


@part()
def removes():
    assert client.containers(all=True, quiet=True) == []
    remove_image(f'{IMAGE}:1')
    remove_image('app')
    refused(404, client.remove_image, 'app')


print(' '.join(walked))
