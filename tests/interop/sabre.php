<?php
// A CardDAV and CalDAV server of sabre/dav 1.8, as an administrator would put one together: the
// engine brings no front page of its own.
require_once 'Sabre/autoload.php';

date_default_timezone_set('UTC');
$pdo = new PDO('sqlite:' . $_SERVER['DATABASE'], null, null, [PDO::ATTR_TIMEOUT => 30]);
$pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);

$users = new Sabre\DAV\Auth\Backend\PDO($pdo);
$principals = new Sabre\DAVACL\PrincipalBackend\PDO($pdo);
$server = new Sabre\DAV\Server([
    new Sabre\DAVACL\PrincipalCollection($principals),
    new Sabre\CalDAV\CalendarRootNode($principals, new Sabre\CalDAV\Backend\PDO($pdo)),
    new Sabre\CardDAV\AddressBookRoot($principals, new Sabre\CardDAV\Backend\PDO($pdo)),
]);
$server->setBaseUri('/');
$server->addPlugin(new Sabre\DAV\Auth\Plugin($users, $_SERVER['REALM']));
$server->addPlugin(new Sabre\CalDAV\Plugin());
$server->addPlugin(new Sabre\CardDAV\Plugin());
$server->addPlugin(new Sabre\DAVACL\Plugin());
$server->exec();
